// Handshake messages and identities to and from JSON.
#include "transport/handshake/hello.hpp"

#include <utility>

#include "transport/handshake/hash.hpp"
#include "transport/handshake/json_text.hpp"
#include "transport/handshake/weights_digest.hpp"

namespace avp {

namespace {

nlohmann::json identity_object(const model_identity& identity) {
  nlohmann::json object{{"model_family", identity.model_family}, {"model_id", identity.model_id},
                        {"model_hash", identity.model_hash},     {"hidden_dim", identity.hidden_dim},
                        {"num_layers", identity.num_layers},     {"num_kv_heads", identity.num_kv_heads},
                        {"head_dim", identity.head_dim}};
  if (!identity.tokenizer_hash.empty())
    object["tokenizer_hash"] = identity.tokenizer_hash;
  return object;
}

expected<model_identity> identity_of(const nlohmann::json& object) {
  model_identity identity;
  const auto read = json_fields(object, "Model identity")
                        .read("model_family", identity.model_family)
                        .read("model_id", identity.model_id)
                        .read("model_hash", identity.model_hash)
                        .read("hidden_dim", identity.hidden_dim)
                        .read("num_layers", identity.num_layers)
                        .read("num_kv_heads", identity.num_kv_heads)
                        .read("head_dim", identity.head_dim)
                        .read("tokenizer_hash", identity.tokenizer_hash)
                        .result();
  if (!read)
    return tl::unexpected(read.error());
  return identity;
}

/// Texts in our own structures that are not UTF-8 become replacement characters, so that writing cannot fail.
std::string text_of(const nlohmann::json& value) {
  return value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

/// The capabilities as an object; whatever is no object counts as an empty one.
nlohmann::json capabilities_of(const hello& message) {
  auto parsed = parse_json(message.capabilities, "Capabilities");
  return parsed && parsed->is_object() ? std::move(*parsed) : nlohmann::json::object();
}

/// A count under its usual key or under that of GPT-2; 0 counts as missing.
json_fields& read_count(json_fields& fields, const char* key, const char* old_key, std::uint32_t& to) {
  fields.read(key, to);
  return to == 0 ? fields.read(old_key, to) : fields;
}

} // namespace

expected<model_identity> identity_from_config(std::string_view config_json, std::string tokenizer_hash) {
  const auto config = parse_json(config_json, "Model configuration");
  if (!config)
    return tl::unexpected(config.error());
  model_identity identity;
  std::uint32_t heads = 0;
  json_fields fields(*config, "Model configuration");
  fields.read("model_type", identity.model_family).read("_name_or_path", identity.model_id);
  read_count(fields, "hidden_size", "n_embd", identity.hidden_dim);
  read_count(fields, "num_hidden_layers", "n_layer", identity.num_layers);
  read_count(fields, "num_attention_heads", "n_head", heads);
  identity.num_kv_heads = heads;
  fields.read("num_key_value_heads", identity.num_kv_heads);
  // Configurations write null for a head dimension that follows from the others.
  if (const auto found = config->find("head_dim"); found != config->end() && !found->is_null())
    fields.read("head_dim", identity.head_dim);
  if (auto read = fields.result(); !read)
    return tl::unexpected(read.error());
  if (identity.head_dim == 0 && heads > 0)
    identity.head_dim = identity.hidden_dim / heads;
  identity.model_hash = sha256_hex(python_json(*config));
  identity.tokenizer_hash = std::move(tokenizer_hash);
  return identity;
}

expected<model_identity> read_identity(std::string_view json) {
  const auto object = parse_json(json, "Model identity");
  return object ? identity_of(*object) : tl::unexpected(object.error());
}

std::string to_json(const model_identity& identity) { return text_of(identity_object(identity)); }

std::string hello::weights_digest() const {
  const auto object = capabilities_of(*this);
  const auto found = object.find(weights_digest_key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void hello::set_weights_digest(std::string_view digest) {
  auto object = capabilities_of(*this);
  object[std::string(weights_digest_key)] = digest;
  capabilities = text_of(object);
}

std::string to_json(const hello& message) {
  nlohmann::json object{
      {"agent_id", message.agent_id}, {"avp_version", message.avp_version}, {"capabilities", capabilities_of(message)}};
  if (message.identity)
    object["identity"] = identity_object(*message.identity);
  return text_of(object);
}

expected<hello> read_hello(std::string_view json) {
  const auto object = parse_json(json, "Handshake");
  if (!object)
    return tl::unexpected(object.error());
  hello message;
  const auto read = json_fields(*object, "Handshake")
                        .read("agent_id", message.agent_id)
                        .read("avp_version", message.avp_version)
                        .read_object("capabilities", message.capabilities)
                        .result();
  if (!read)
    return tl::unexpected(read.error());
  if (const auto found = object->find("identity"); found != object->end()) {
    auto identity = identity_of(*found);
    if (!identity)
      return tl::unexpected(std::move(identity.error()));
    message.identity = std::move(*identity);
  }
  return message;
}

} // namespace avp
