// engine_bench: measures the engine through its device actor. Its commands print JSON lines or one table for people.
#include <iostream>
#include <thread>

#include <CLI/CLI.hpp>

#include "gpu/spin_limit.hpp"
#include "tests/bench/engine/bench_device.hpp"
#include "tests/bench/engine/crowd.hpp"
#include "tests/bench/engine/draft_speed.hpp"
#include "tests/bench/engine/handover.hpp"
#include "tests/bench/engine/model_shape.hpp"
#include "tests/bench/engine/read_bandwidth.hpp"
#include "tests/bench/engine/speed.hpp"

namespace {

using namespace avp::bench;
using json = nlohmann::ordered_json;

struct arguments {
  device_options device;
  bool lines = false, explain = false;
  int streams = 1, tokens = 64, steps = 10, rounds = 5;
  std::int64_t prompt_tokens = 96, prefill_tokens = 512;
  std::vector<std::int64_t> contexts = {128, 1024, 8192};
  int tasks = 200, clients = 12;
  std::string prompts;
  int answers = 12;
  double minutes = 30, report_seconds = 30;
  std::uint64_t seed = 1;
};

// "key: value" lines; lists of numbers, which only scripts want, are left out.
void print(const json& measured, bool lines) {
  if (lines) {
    std::cout << measured.dump() << std::endl;
    return;
  }
  for (const auto& [key, value] : measured.items())
    if (!value.is_array())
      std::cout << "  " << key << ": " << value.dump() << '\n';
  std::cout << std::endl;
}

int verdict(const json& measured, bool lines) {
  print(measured, lines);
  return measured.at("ok").get<bool>() ? 0 : 1;
}

// What a line of `serve` asks for.
json obey(bench_device& device, const json& line) {
  const auto what = line.at("do").get<std::string>();
  if (what == "decode")
    return decode_speed(device, line.at("streams"), line.at("tokens"), line.at("prompt"));
  if (what == "latent")
    return latent_speed(device, line.at("streams"), line.at("tokens"), line.at("prompt"), false);
  if (what == "prefill")
    return prefill_speed(device, line.at("tokens"));
  throw std::runtime_error("expected decode, latent or prefill, got '" + what + "'");
}

int serve(const arguments& given) {
  bench_device device(given.device);
  for (std::string line; std::getline(std::cin, line);) {
    try {
      std::cout << obey(device, json::parse(line)).dump() << std::endl;
    } catch (const std::exception& error) {
      std::cout << json{{"error", error.what()}}.dump() << std::endl;
    }
  }
  return 0;
}

// With `--explain` the share that telling takes of a step, from two speeds one after the other.
json latent_round(bench_device& device, const arguments& given) {
  const auto speed = [&](bool explain) {
    return latent_speed(device, given.streams, given.steps, given.prompt_tokens, explain);
  };
  auto plain = speed(false);
  if (!given.explain)
    return plain;
  const auto per_second = [](const json& measured) { return measured.at("per_stream").get<double>(); };
  const auto explained = per_second(speed(true));
  plain["per_stream_explained"] = explained;
  plain["cost_of_explaining"] = per_second(plain) / explained - 1;
  return plain;
}

template <class Measure>
int repeat(const arguments& given, Measure measure) {
  bench_device device(given.device);
  (void)measure(device); // warms up
  for (int round = 0; round < given.rounds; ++round)
    print(measure(device), given.lines);
  return 0;
}

int drafts(arguments given) {
  given.device.drafts = true;
  const auto prompts = prompts_in(given.prompts, given.answers);
  bench_device device(given.device);
  bool same = draft_speed(device, {prompts.front()}, 16).at("ok").get<bool>(); // warms up
  for (int round = 0; round < given.rounds; ++round) {
    const auto measured = draft_speed(device, prompts, given.tokens);
    same = same && measured.at("ok").get<bool>();
    print(measured, given.lines);
  }
  return same ? 0 : 1;
}

int handovers(const arguments& given) {
  bench_device device(given.device);
  bool copied = false;
  for (auto tokens : given.contexts) {
    const auto measured = handover_time(device, tokens, given.rounds);
    copied = copied || measured.at("blocks_copied") != 0;
    print(measured, given.lines);
  }
  return copied ? 1 : 0;
}

int bandwidth(const arguments& given) {
  const auto threads =
      given.device.threads > 0 ? given.device.threads : static_cast<int>(std::thread::hardware_concurrency());
  print({{"threads", threads}, {"bytes_per_second", read_bandwidth(threads)}}, given.lines);
  return 0;
}

CLI::App* command(CLI::App& app, arguments& given, const std::string& name, const std::string& what) {
  auto* sub = app.add_subcommand(name, what);
  sub->add_option("--model", given.device.model, "Catalogue name, .gguf file or directory")->required();
  sub->add_option("--dtype", given.device.format, "Weights")
      ->check(CLI::IsMember({"float32", "bfloat16", "native", "int8", "int4"}))
      ->capture_default_str();
  sub->add_option("--threads", given.device.threads, "Arithmetic threads (default: the machine's cores)");
  sub->add_option("--kv-memory", given.device.kv_memory, "Bytes of KV-cache (default: the device's own choice)");
  sub->add_flag("--json", given.lines, "JSON lines");
  return sub;
}

void add_speeds(CLI::App& app, arguments& given, int& status) {
  auto* decode = command(app, given, "decode", "Tokens per second of answers");
  decode->add_option("--streams", given.streams, "Answers at once")->capture_default_str();
  decode->add_option("--tokens", given.tokens, "Tokens of each answer")->capture_default_str();
  decode->add_option("--prompt-tokens", given.prompt_tokens, "Tokens of each prompt")->capture_default_str();
  decode->add_option("--rounds", given.rounds, "Rounds, after one that warms up")->capture_default_str();
  decode->callback([&] {
    status = repeat(
        given, [&](auto& device) { return decode_speed(device, given.streams, given.tokens, given.prompt_tokens); });
  });
  auto* latent = command(app, given, "latent", "Latent steps per second");
  latent->add_option("--streams", given.streams, "Thoughts at once")->capture_default_str();
  latent->add_option("--steps", given.steps, "Steps of each thought")->capture_default_str();
  latent->add_option("--prompt-tokens", given.prompt_tokens, "Tokens of each prompt")->capture_default_str();
  latent->add_flag("--explain", given.explain, "In turns with steps that tell what they would have said");
  latent->add_option("--rounds", given.rounds, "Rounds, after one that warms up")->capture_default_str();
  latent->callback([&] { status = repeat(given, [&](auto& device) { return latent_round(device, given); }); });
  auto* prefill = command(app, given, "prefill", "Prompt tokens per second");
  prefill->add_option("--tokens", given.prefill_tokens, "Tokens of the prompt")->capture_default_str();
  prefill->add_option("--rounds", given.rounds, "Rounds, after one that warms up")->capture_default_str();
  prefill->callback(
      [&] { status = repeat(given, [&](auto& device) { return prefill_speed(device, given.prefill_tokens); }); });
}

void add_draft(CLI::App& app, arguments& given, int& status) {
  auto* draft = command(app, given, "draft", "Tokens per second with and without guesses, of the same answers");
  draft->add_option("--prompts", given.prompts, "JSON Lines with a question, and maybe a program to mend")->required();
  draft->add_option("--draft-model", given.device.draft_model,
                    "The model that guesses (default: none, the prompt does)");
  draft->add_option("--answers", given.answers, "Records to take, from all over the file")->capture_default_str();
  draft->add_option("--tokens", given.tokens, "Tokens of each answer, at most")->capture_default_str();
  draft->add_option("--rounds", given.rounds, "Rounds, after one answer that warms up")->capture_default_str();
  draft->callback([&] { status = drafts(given); });
}

void add_checks(CLI::App& app, arguments& given, int& status) {
  auto* handover = command(app, given, "handover", "Time from the end of a thought to the next agent's first row");
  handover->add_option("--tokens", given.contexts, "Sizes of the context")->delimiter(',')->capture_default_str();
  handover->add_option("--rounds", given.rounds, "Rounds of each size")->capture_default_str();
  handover->callback([&] { status = handovers(given); });
  auto* memory = command(app, given, "memory", "Many tasks at once in a cache of a tenth of what they would like");
  memory->add_option("--tasks", given.tasks, "Tasks in flight")->capture_default_str();
  memory->add_option("--prompt-tokens", given.prompt_tokens, "Tokens of each prompt")->capture_default_str();
  memory->add_option("--tokens", given.tokens, "Tokens of each answer")->capture_default_str();
  memory->callback([&] {
    status = verdict(crowded_memory(given.device, given.tasks, given.prompt_tokens, given.tokens), given.lines);
  });
  auto* soaking = command(app, given, "soak", "Random pipelines, cancellations and failing requests");
  soaking->add_option("--minutes", given.minutes, "How long")->capture_default_str();
  soaking->add_option("--clients", given.clients, "Tasks in flight")->capture_default_str();
  soaking->add_option("--every", given.report_seconds, "Seconds between two lines")->capture_default_str();
  soaking->add_option("--seed", given.seed, "Of what is random")->capture_default_str();
  soaking->callback([&] {
    status = verdict(soak(given.device, given.minutes, given.clients, given.report_seconds, given.seed), given.lines);
  });
}

void add_scripts(CLI::App& app, arguments& given, int& status) {
  auto* server = command(app, given, "serve",
                         "Obeys JSON lines on standard input, for scripts that take turns: "
                         R"({"do": "decode", "streams": 1, "tokens": 64, "prompt": 96})");
  server->callback([&] { status = serve(given); });
  auto* shape = command(app, given, "shape", "Shape and size of a model, as JSON");
  shape->callback([&] { print(model_shape(given.device.model), true); });
  auto* reading = app.add_subcommand("bandwidth", "Bytes per second that the machine reads from memory");
  reading->add_option("--threads", given.device.threads, "Threads (default: the machine's cores)");
  reading->add_flag("--json", given.lines, "JSON lines");
  reading->callback([&] { status = bandwidth(given); });
}

} // namespace

int main(int argc, char** argv) {
  avp::limit_spinning(argv);
  arguments given;
  int status = 0;
  CLI::App app("Measures the engine through its device actor.", "engine_bench");
  app.require_subcommand(1);
  add_speeds(app, given, status);
  add_draft(app, given, status);
  add_checks(app, given, status);
  add_scripts(app, given, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << "engine_bench: " << error.what() << '\n';
    return 1;
  }
  return status;
}
