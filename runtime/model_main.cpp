// avp-model: lists, fetches, describes, checks and compares models.
#include "runtime/model_main.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "gpu/model/catalogue.hpp"
#include "gpu/model/fetch.hpp"
#include "gpu/model/fetch_hub.hpp"
#include "gpu/model/hub_manifest.hpp"
#include "gpu/model/hub_name.hpp"
#include "gpu/model/open_model.hpp"
#include "gpu/text/chat_template.hpp"
#include "runtime/model_check.hpp"
#include "runtime/model_comparison.hpp"
#include "runtime/model_info.hpp"
#include "runtime/model_prompt.hpp"
#include "runtime/os/program_version.hpp"
#include "runtime/os/standard_output.hpp"
#include "runtime/run/fetch_display.hpp"
#include "runtime/text/number_text.hpp"
#include "runtime/text/words.hpp"
#include "transport/nearest_name.hpp"
#include "transport/program_arguments.hpp"

namespace avp {

namespace {

enum model_status : int { all_done = 0, some_failed = 1 };

std::vector<std::string> catalogue_names() {
  std::vector<std::string> names;
  for (const auto& entry : catalogue())
    names.push_back(entry.name);
  return names;
}

std::uint64_t size_or_zero(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

// Size only: reading gigabytes for a checksum is for `fetch` and `info`.
std::string state_of(const catalogue_entry& entry, const std::filesystem::path& path) {
  if (size_or_zero(path) == entry.bytes)
    return "yes";
  const auto part = size_or_zero(path.string() + ".part");
  return part == 0 ? "no" : std::to_string(std::min(part, entry.bytes) * 100 / entry.bytes) + "%";
}

int list(bool json) {
  const auto folder = model_folder();
  if (json) {
    auto lines = nlohmann::ordered_json::array();
    for (const auto& entry : catalogue()) {
      const auto path = model_path(folder, entry);
      lines.push_back({{"name", entry.name},
                       {"origin", entry.origin},
                       {"licence", entry.licence},
                       {"bytes", entry.bytes},
                       {"sha256", entry.sha256},
                       {"path", path.string()},
                       {"here", size_or_zero(path) == entry.bytes}});
    }
    std::printf("%s\n", lines.dump(2).c_str());
    return all_done;
  }
  std::printf("%-30s %9s  %-11s %-4s  %s\n", "name", "size", "licence", "here", "from");
  for (const auto& entry : catalogue())
    std::printf("%-30s %9s  %-11s %-4s  %s\n", entry.name.c_str(), size_text(entry.bytes).c_str(),
                entry.licence.c_str(), state_of(entry, model_path(folder, entry)).c_str(), entry.origin.c_str());
  std::printf("folder: %s\n", folder.c_str());
  return all_done;
}

// The bar is gone when this returns.
std::filesystem::path fetch_one(const std::string& name) {
  fetch_display display(isatty(STDERR_FILENO) != 0);
  if (is_hub_name(name))
    return fetch_hub_model(name, model_folder(), display.observer());
  return fetch_model(*find_in_catalogue(name), model_folder(), display.observer());
}

// Empty for names that can be fetched.
std::string mistake_in_name(const std::string& name) {
  try {
    if (is_hub_name(name))
      (void)parse_hub_name(name);
    else if (find_in_catalogue(name) == nullptr)
      return "\"" + name + "\" is not in the catalogue" + name_hint(name, catalogue_names()) +
             ". Other models come from the hub by hf:OWNER/NAME";
    return "";
  } catch (const model_error& error) {
    return error.what();
  }
}

int fetch(const std::vector<std::string>& names) {
  for (const auto& name : names)
    if (const auto mistake = mistake_in_name(name); !mistake.empty()) {
      std::fprintf(stderr, "avp-model: %s\n", mistake.c_str());
      return bad_arguments;
    }
  int result = all_done;
  for (const auto& name : names)
    try {
      std::printf("%s\n", fetch_one(name).c_str());
      std::fflush(stdout);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "avp-model: %s\n", error.what());
      result = some_failed;
    }
  return result;
}

int info(const std::string& source, bool json) {
  nlohmann::ordered_json facts;
  try {
    facts = model_info(open_model(resolve_model(source)));
  } catch (const model_error& error) {
    std::fprintf(stderr, "avp-model: %s\n", error.what());
    return bad_arguments;
  }
  // A name in a file may be any bytes; JSON must be UTF-8.
  constexpr auto replace = nlohmann::ordered_json::error_handler_t::replace;
  std::printf("%s", json ? (facts.dump(2, ' ', false, replace) + "\n").c_str() : model_info_text(facts).c_str());
  return all_done;
}

int check(const std::string& source) {
  std::filesystem::path path;
  try {
    path = resolve_model(source);
  } catch (const model_error& error) {
    std::fprintf(stderr, "avp-model: %s\n", error.what());
    return bad_arguments;
  }
  check_hub_sizes(path);
  const auto found = check_model(read_model(path), hub_mistakes(path));
  std::printf("%s", found.text.c_str());
  return found.is_good ? all_done : some_failed;
}

int compare(const std::string& source, const std::string& target, bool json) {
  try {
    const auto found = compare_models(source, target);
    constexpr auto replace = nlohmann::ordered_json::error_handler_t::replace;
    write_stdout(json ? found.dump(2, ' ', false, replace) + "\n" : comparison_text(found));
    return all_done;
  } catch (const model_error& error) {
    std::fprintf(stderr, "avp-model: %s\n", error.what());
    return bad_arguments;
  }
}

int prompt(const prompt_order& order) {
  try {
    write_stdout(model_prompt(order));
    return all_done;
  } catch (const model_error& error) {
    std::fprintf(stderr, "avp-model: %s\n", error.what());
  } catch (const prompt_error& error) {
    std::fprintf(stderr, "avp-model: %s\n", error.what());
  }
  return bad_arguments;
}

} // namespace

int model_main(int argc, const char* const* argv) {
  CLI::App app("Lists, fetches, describes, checks and compares models.", "avp-model");
  app.set_version_flag("--version", [] { return program_version("avp-model"); });
  app.require_subcommand(1);
  app.footer("Models lie in $AVP_MODELS, else $XDG_CACHE_HOME/avp/models, else ~/.cache/avp/models.\n"
             "$AVP_HUB (or $HF_ENDPOINT) is a mirror to use in place of https://huggingface.co, $HF_TOKEN a token for "
             "it.\n");
  bool json = false;
  std::vector<std::string> names;
  std::string source;
  auto* list_command = app.add_subcommand("list", "Shows the models that are known by name, and which are here.");
  list_command->add_flag("--json", json, "As JSON");
  auto* fetch_command = app.add_subcommand("fetch", "Gets models, or goes on getting them, and checks them.");
  fetch_command
      ->add_option("NAME", names, "Names as `avp-model list` shows them, or hf:OWNER/NAME[/FILE.gguf][@REVISION]")
      ->required();
  auto* info_command = app.add_subcommand("info", "Describes a model.");
  info_command->add_option("NAME|PATH", source, "A name, a .gguf file or a Hugging Face directory")->required();
  info_command->add_flag("--json", json, "As JSON");
  auto* check_command = app.add_subcommand(
      "check", "Reads every weight of a model; exit status 0 where all is fine, 1 where something is broken.");
  check_command->add_option("NAME|PATH", source, "A name, a .gguf file or a Hugging Face directory")->required();
  auto* compare_command = app.add_subcommand(
      "compare",
      "How thoughts of one model get to another: the way, shared tokens, and how well projections come out.");
  std::string target;
  compare_command->add_option("SOURCE", source, "A name, a .gguf file or a Hugging Face directory")->required();
  compare_command->add_option("TARGET", target, "The same, of the model that is to read the thoughts")->required();
  compare_command->add_flag("--json", json, "As JSON");
  prompt_order order;
  auto* prompt_command = app.add_subcommand("prompt", "Prints what a model reads of a conversation, and nothing else.");
  prompt_command->add_option("NAME|PATH", order.source, "A name, a .gguf file or a Hugging Face directory")->required();
  prompt_command->add_option("--messages", order.messages, R"(JSON array of {"role": …, "content": …}; - is stdin)")
      ->required();
  prompt_command->add_flag("--tokens", order.tokens, "Its tokens, a line for each: id, tab, text");
  prompt_command->add_option("--chat-template", order.chat_template,
                             "In place of the model's own: " + listed(chat_template_names(), " or ") +
                                 ", another one of the model by its name, or file:PATH");
  prompt_command->add_option("--variable", order.variables, "NAME=VALUE for a chat template that is not built-in");
  try {
    if (const auto status = parse_arguments(app, argc, argv))
      return *status;
    const auto status = list_command->parsed()      ? list(json)
                        : fetch_command->parsed()   ? fetch(names)
                        : check_command->parsed()   ? check(source)
                        : compare_command->parsed() ? compare(source, target, json)
                        : prompt_command->parsed()  ? prompt(order)
                                                    : info(source, json);
    write_stdout(""); // what was printed may not have been written yet
    return status;
  } catch (const std::invalid_argument& error) { // AVP_CPU
    std::fprintf(stderr, "avp-model: %s\n", error.what());
    return bad_arguments;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "avp-model: %s\n", error.what());
    return some_failed;
  }
}

} // namespace avp
