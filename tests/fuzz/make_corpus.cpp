// Writes the seed inputs of the fuzz targets, made from the fixtures: make_corpus DATA FOLDER.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "transport/kv.hpp"
#include "transport/link/envelope.hpp"
#include "transport/memory_body.hpp"
#include "transport/message.hpp"
#include "transport/split.hpp"

namespace {

using namespace avp;

std::filesystem::path folder;

void write(const std::string& target, const std::string& bytes) {
  static int count = 0;
  std::filesystem::create_directories(folder / target);
  std::ofstream(folder / target / std::to_string(++count), std::ios::binary) << bytes;
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

/// One step of the link: envelope and second frame, as fuzz_link reads them.
std::string step(envelope_kind kind, std::uint64_t id, std::string second = {}) {
  second.resize((second.size() + 7) / 8 * 8);
  const auto frame = encode_envelope({.kind = kind,
                                      .incarnation = 1,
                                      .id = id,
                                      .received = id,
                                      .acknowledged = id,
                                      .credit = 4096,
                                      .window = 4096,
                                      .echo = 1});
  return std::string(1, static_cast<char>(second.size() / 8)) + text_of(frame) + second;
}

void messages(const nlohmann::json& file) {
  std::string conversation = step(envelope_kind::hello, 0, "sender--");
  std::uint64_t id = 0;
  for (const auto* group : {"cases", "bad"}) {
    for (const auto& c : file.at(group)) {
      const auto bytes = from_hex(c.at("message_hex"));
      write("decode", bytes);
      write("http", '\0' + bytes);
      if (c.contains("payload_hex"))
        write("kv", from_hex(c.at("payload_hex")));
      if (bytes.size() < 2000)
        conversation += step(envelope_kind::data, ++id, bytes);
      write("link", step(envelope_kind::hello, 0) + step(envelope_kind::data, 1, bytes.substr(0, 2000)) +
                        step(envelope_kind::beat, 1) + step(envelope_kind::report, 2) +
                        step(envelope_kind::refusal, 1));
    }
  }
  write("link", conversation);
}

void parts() {
  const auto bytes = std::make_shared<std::vector<std::byte>>(300);
  std::string conversation = step(envelope_kind::hello, 0);
  std::uint64_t id = 0;
  const auto divided = *split({{}, std::make_shared<memory_body>(*bytes, bytes)}, 128);
  for (const auto& part : divided) {
    const auto message = *encode(part);
    conversation += step(envelope_kind::data, ++id, text_of(message.bytes()));
  }
  write("link", conversation);
}

void handshakes(const nlohmann::json& file) {
  const auto both = [](char endpoint, const std::string& text) {
    write("hello", text);
    write("http", endpoint + text);
  };
  both(1, file.at("hello").dump());
  for (const auto& c : file.at("resolve"))
    both(1, nlohmann::json{{"agent_id", "a"}, {"identity", c.at("local")}}.dump());
  for (const auto& c : file.at("model_hash"))
    write("hello", c.at("config").dump());
  for (const auto& c : file.at("tokenizer_hash"))
    write("hello", c.at("vocab").dump());
  both(2, R"({"avp_version": "0.6.2", "session_id": "s", "content": "x", "extra": {"k": [1, {"a": null}]}})");
}

/// Answers and what was expected, as fuzz_score reads them; of MATH-500 every other one.
void scores(const std::string& data) {
  const auto pairs = [](const std::string& path, const auto& pair_of) {
    std::ifstream file(path);
    int number = 0;
    for (std::string line; std::getline(file, line);)
      pair_of(nlohmann::json::parse(line), ++number);
  };
  const auto fixture = [](const nlohmann::json& pair, int) {
    const std::string answer = pair.at("answer");
    write("score", answer + '\0' + pair.at("expected").get<std::string>());
  };
  for (const std::string cut : {"o it is \\", "So it isX \\boxed{\\", "$5\\$ or \\boxed{5\\"})
    write("score", cut + '\0' + "5");
  pairs(data + "/scores.jsonl", fixture);
  pairs(data + "/math_pairs.jsonl", fixture);
  pairs(data + "/../../pipelines/data/math500.jsonl", [](const nlohmann::json& problem, int number) {
    const std::string answer = problem.at("answer");
    if (number % 2 == 0)
      write("score", "So it is \\boxed{" + answer + "}." + '\0' + answer);
  });
}

void requests() {
  for (const char piece : {0, 1, 7, 100}) {
    const std::string line = piece + std::string("POST /a%20b?c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n");
    write("web", line + "Content-Length: 5\r\n\r\nhello");
    write("web", line + "Transfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nTrailer: y\r\n\r\n");
    write("web", piece + std::string("\r\nGET http://x/metrics HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"));
  }
}

/// Small tokenizers of each kind, and a text.
void tokenizers() {
  using nlohmann::json;
  const json bpe{{"type", "BPE"},
                 {"unk_token", "u"},
                 {"fuse_unk", true},
                 {"byte_fallback", true},
                 {"vocab", {{"a", 0}, {"b", 1}, {"ab", 2}, {"\u2581", 3}, {"\u2581a", 4}, {"<0x41>", 5}, {"u", 6}}},
                 {"merges", {"a b", json::array({"\u2581", "a"})}}};
  const json unigram{{"type", "Unigram"},
                     {"unk_id", 0},
                     {"byte_fallback", false},
                     {"vocab", {{"u", 0}, {"a", -1.5}, {"ab", -2}, {"\u2581", -3.25}}}};
  const json mark{{"type", "Metaspace"}, {"replacement", "\u2581"}, {"prepend_scheme", "first"}, {"split", true}};
  const json bytes{{"type", "ByteLevel"}, {"add_prefix_space", true}, {"use_regex", true}};
  const json replace{{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\u2581"}};
  const json split{{"type", "Split"},
                   {"pattern", {{"Regex", R"((?i:'s|'t)|[^\r\n\p{L}]?\p{L}+|\p{N}{1,3}|\s+(?!\S)|[\w\x{e9}]++)"}}},
                   {"behavior", "MergedWithNext"},
                   {"invert", true}};
  const auto sequence = [](const char* key, const json& steps) { return json{{"type", "Sequence"}, {key, steps}}; };
  const json forms = json::array({{{"type", "NFKC"}}, {{"type", "Lowercase"}}, {{"type", "StripAccents"}}, replace});
  const json decoders = json::array({{{"type", "Replace"}, {"pattern", {{"String", "\u2581"}}}, {"content", " "}},
                                     {{"type", "ByteFallback"}},
                                     {{"type", "Fuse"}},
                                     {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}});
  const json around{{"type", "TemplateProcessing"},
                    {"single", {{{"SpecialToken", {{"id", "<s>"}}}}, {{"Sequence", {{"id", "A"}}}}}},
                    {"special_tokens", {{"<s>", {{"ids", {7}}}}}}};
  for (const auto& model : {bpe, unigram})
    for (const auto& splits : {mark, bytes, sequence("pretokenizers", {split, {{"type", "Punctuation"}}, bytes}),
                               sequence("pretokenizers", {{{"type", "Digits"}}, split, mark})}) {
      json root{{"model", model}, {"pre_tokenizer", splits}, {"decoder", sequence("decoders", decoders)}};
      root["model"]["byte_fallback"] = splits == mark;
      root["normalizer"] = sequence("normalizers", forms);
      root["post_processor"] = around;
      root["added_tokens"] = {{{"id", 7}, {"content", "<s>"}, {"special", true}, {"lstrip", true}},
                              {{"id", 8}, {"content", "<T>"}, {"normalized", true}, {"single_word", true}}};
      write("tokenizer", root.dump() + '\0' + "<s> ab A\u0301b<T> it's 1234 \u2581\n");
    }
}

void templates(const nlohmann::json& data) {
  for (const auto& model : data.at("templates"))
    write("template", model.at("template").get<std::string>());
  for (const char* source :
       {"{% macro m(a, b=1) %}{{ caller() }}{{ varargs }}{% endmacro %}{% call m(1) %}{% endcall %}",
        "{% for x in l recursive %}{{ loop(x) if x is sequence }}{{ loop.cycle(1, 2) }}{% endfor %}",
        "{{ '%5.2f|%-3s|%(k)s' % m }}{{ '{:>6,.1f}{!r}'.format(2.5, s) }}{{ s[::-1]|tojson(indent=2) }}",
        "{% set ns = namespace(a=1) %}{% set ns.a = l|sort|groupby(0)|batch(2)|list %}{{ ns.a }}",
        "{% raw %}{{ {% endraw %}{# c -#}{%- with x = 1 if n else 2 +%}{% break %}{% endwith %}"})
    write("template", source);
}

nlohmann::json read(const std::string& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file);
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3)
    return 2;
  folder = argv[2];
  std::filesystem::remove_all(folder);
  messages(read(std::string(argv[1]) + "/avp_messages.json"));
  handshakes(read(std::string(argv[1]) + "/handshake.json"));
  parts();
  scores(argv[1]);
  requests();
  tokenizers();
  templates(read(std::string(argv[1]) + "/chat_template_families.json"));
}
