// avp-inspect: shows what is in an AVP message, encodes it anew, and answers single questions of the handshake.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "transport/element_value.hpp"
#include "transport/handshake/hash.hpp"
#include "transport/handshake/resolution.hpp"
#include "transport/kv.hpp"
#include "transport/message.hpp"
#include "transport/program_arguments.hpp"

namespace {

using nlohmann::ordered_json;

constexpr std::size_t values_shown = 8;

struct arguments {
  std::string input = "-";
  std::string reencode;
  int level = 0;
  std::uint64_t max_body_bytes = avp::decode_options().max_body_bytes;
  bool json = false;
  std::vector<std::string> resolve;
  std::string hash_config;
  std::string hash_vocab;
};

int report(const avp::error& mistake) {
  std::cerr << "avp-inspect: " << avp::to_string(mistake.code) << ": " << mistake.message << '\n';
  return avp::bad_arguments;
}

avp::expected<std::string> read_file(const std::string& path) {
  std::ifstream file;
  if (path != "-")
    file.open(path, std::ios::binary);
  auto& in = path == "-" ? std::cin : file;
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in || in.bad() || (path != "-" && !file.is_open()))
    return avp::fail(avp::errc::io_failed, fmt::format("File {} cannot be read.", path));
  return bytes;
}

ordered_json metadata_json(const avp::message& m) {
  const auto& meta = m.meta;
  ordered_json json;
  json["session_id"] = meta.session_id;
  json["source_agent_id"] = meta.source_agent_id;
  json["target_agent_id"] = meta.target_agent_id;
  json["model_id"] = meta.model_id;
  json["hidden_dim"] = meta.hidden_dim;
  json["num_layers"] = meta.num_layers;
  json["payload_type"] = static_cast<int>(meta.payload_type);
  json["dtype"] = static_cast<int>(meta.dtype);
  json["tensor_shape"] = meta.tensor_shape;
  json["mode"] = static_cast<int>(meta.mode);
  json["compression"] = m.header.flags & avp::flag_compressed ? ordered_json("zstd") : ordered_json(nullptr);
  json["avp_map_id"] = meta.avp_map_id;
  json["extra"] = meta.extra;
  json["payload_checksum"] = m.checksum ? ordered_json(*m.checksum) : ordered_json(nullptr);
  return json;
}

ordered_json first_values(const avp::message& m, std::size_t start) {
  auto values = ordered_json::array();
  const auto width = avp::element_bytes(m.meta.dtype);
  for (auto at = start; values.size() < values_shown && at + width <= m.body.size(); at += width)
    values.push_back(avp::element_value(m.meta.dtype, m.body.data() + at));
  return values;
}

std::string checksum_state(const avp::message& m) {
  if (!m.checksum)
    return "missing";
  return m.checksum_ok ? "ok" : "mismatch";
}

/// Everything that is known about a message. `kv` holds its inner header when it is a sound KV payload.
ordered_json describe(const avp::message& m, const std::optional<avp::kv_header>& kv) {
  ordered_json json;
  json["version"] = m.header.version;
  json["flags"] = m.header.flags;
  json["metadata"] = metadata_json(m);
  json["payload_bytes"] = m.body.size();
  json["checksum"] = checksum_state(m);
  json["kv"] = nullptr;
  if (kv)
    json["kv"] = {{"num_layers", kv->num_layers},
                  {"num_kv_heads", kv->num_kv_heads},
                  {"head_dim", kv->head_dim},
                  {"seq_len", kv->seq_len},
                  {"dtype", name_of(kv->dtype)}};
  json["first_values"] = first_values(m, kv ? avp::kv_header_bytes : 0);
  return json;
}

/// The same for people: one line per field, those of inner objects indented.
void print_text(const ordered_json& json, int indent = 0) {
  for (const auto& [key, value] : json.items()) {
    if (value.is_object() && !value.empty()) {
      std::cout << std::string(indent, ' ') << key << ":\n";
      print_text(value, indent + 2);
    } else if (!value.is_null()) {
      std::cout << std::string(indent, ' ') << key << ": "
                << (value.is_string() ? value.get<std::string>() : value.dump()) << '\n';
    }
  }
}

int write_file(const std::string& path, std::span<const std::byte> bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file)
    return report({avp::errc::io_failed, fmt::format("File {} cannot be written.", path)});
  return 0;
}

int inspect(const arguments& args) {
  const auto text = read_file(args.input);
  if (!text)
    return report(text.error());
  avp::decode_options options;
  options.verify_checksum = false;
  options.max_body_bytes = args.max_body_bytes;
  const auto decoded = avp::decode(std::as_bytes(std::span(*text)), options);
  if (!decoded)
    return report(decoded.error());
  std::optional<avp::kv_header> kv;
  std::optional<avp::error> mistake;
  if (decoded->checksum && !decoded->checksum_ok)
    mistake = avp::error{avp::errc::checksum_mismatch, "AVP message: the tensor bytes are not those that were sent."};
  if (decoded->meta.payload_type == avp::payload_type::kv_cache) {
    const auto header = avp::read_kv_header(decoded->body);
    const auto sound =
        header.and_then([&](const avp::kv_header& h) { return avp::check_kv(h, decoded->meta, decoded->body.size()); });
    if (sound)
      kv = *header;
    else if (!mistake)
      mistake = sound.error();
  }
  if (!args.reencode.empty() && !mistake) {
    const auto encoded = avp::encode(decoded->meta, decoded->body, static_cast<avp::compression>(args.level));
    return encoded ? write_file(args.reencode, encoded->bytes()) : report(encoded.error());
  }
  if (args.reencode.empty()) {
    const auto json = describe(*decoded, kv);
    if (args.json)
      std::cout << json.dump(2, ' ', false, ordered_json::error_handler_t::replace) << '\n';
    else
      print_text(json);
  }
  return mistake ? report(*mistake) : 0;
}

int resolve(const std::string& local_path, const std::string& remote_path) {
  const auto read = [](const std::string& path) { return read_file(path).and_then(avp::read_identity); };
  const auto local = read(local_path);
  if (!local)
    return report(local.error());
  const auto remote = read(remote_path);
  if (!remote)
    return report(remote.error());
  const avp::map_folder maps;
  avp::resolution_policy policy;
  policy.maps = &maps;
  const auto found = avp::resolve(*local, *remote, policy);
  const ordered_json json{{"resolution_path", avp::to_string(found.path)},
                          {"mode", found.mode == avp::communication_mode::latent ? "LATENT" : "JSON"},
                          {"avp_map_id", found.avp_map_id}};
  std::cout << json.dump() << '\n';
  return 0;
}

template <class Hash>
int print_hash(const std::string& path, Hash hash) {
  const auto result = read_file(path).and_then(hash);
  if (!result)
    return report(result.error());
  std::cout << *result << '\n';
  return 0;
}

int run(const arguments& args) {
  if (!args.resolve.empty())
    return resolve(args.resolve[0], args.resolve[1]);
  if (!args.hash_config.empty())
    return print_hash(args.hash_config, [](const std::string& text) { return avp::model_hash(text); });
  if (!args.hash_vocab.empty())
    return print_hash(args.hash_vocab, [](const std::string& text) { return avp::tokenizer_hash(text); });
  return inspect(args);
}

// What was printed may not have been written yet.
int written(int status) {
  if (status != 0 || std::cout.flush())
    return status;
  std::cerr << "avp-inspect: Standard output cannot be written.\n";
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  arguments args;
  CLI::App app("Shows an AVP message, and answers questions about models as agents know them.", "avp-inspect");
  app.set_version_flag("--version", "avp-inspect " AVP_VERSION);
  app.add_option("FILE", args.input, "Message to read; - or nothing for standard input");
  app.add_flag("--json", args.json, "Print JSON");
  auto* reencode = app.add_option("--reencode", args.reencode, "Encode the message anew into this file");
  app.add_option("--level", args.level, "zstd level for --reencode, 0 for none")
      ->needs(reencode)
      ->check(CLI::Range(0, 22));
  app.add_option("--max-body", args.max_body_bytes, "The most bytes to which a compressed body may unpack")
      ->capture_default_str();
  app.add_option("--resolve", args.resolve, "Resolve two identities: LOCAL.json REMOTE.json")->expected(2);
  app.add_option("--hash-config", args.hash_config, "Print the model hash of a configuration (JSON)");
  app.add_option("--hash-vocab", args.hash_vocab, "Print the tokenizer hash of a vocabulary (JSON: token to id)");
  if (const auto status = avp::parse_arguments(app, argc, argv))
    return *status;
  return written(run(args));
}
