// The six rules of resolution.
#include "transport/handshake/resolution.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <tuple>
#include <utility>

namespace avp {

namespace {

constexpr std::size_t id_length = 16;

std::string map_id(const std::string& source_hash, const std::string& target_hash) {
  return source_hash.substr(0, id_length) + "_" + target_hash.substr(0, id_length);
}

/// Hashes come from strangers and become a file name, so only what a hash can have is looked up.
bool is_hash(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

bool same_known(const std::string& a, const std::string& b) { return !a.empty() && a == b; }

bool same_structure(const model_identity& a, const model_identity& b) {
  return same_known(a.model_family, b.model_family) && a.hidden_dim > 0 && a.hidden_dim == b.hidden_dim &&
         a.num_layers > 0 && a.num_layers == b.num_layers;
}

std::optional<resolution> same_model(const model_identity& local, const model_identity& remote,
                                     const resolution_policy& policy) {
  const bool weights_known = !policy.local_weights.empty() && !policy.remote_weights.empty();
  if (weights_known && policy.local_weights != policy.remote_weights)
    return std::nullopt;
  if (same_known(local.model_hash, remote.model_hash))
    return resolution{resolution_path::hash_match, communication_mode::latent, {}};
  if (same_structure(local, remote) && (policy.allow_structural_match || weights_known))
    return resolution{resolution_path::structural_match, communication_mode::latent, {}};
  return std::nullopt;
}

std::uint64_t overlap(const token_list& a, const token_list& b) {
  const auto& [smaller, larger] = a.size() <= b.size() ? std::tie(a, b) : std::tie(b, a);
  std::uint64_t shared = 0;
  smaller.for_each([&shared, &other = larger](std::string_view token) { shared += other.contains(token); });
  return shared;
}

} // namespace

std::string_view to_string(resolution_path path) { return find_name(path).value_or("unknown"); }

map_folder::map_folder() {
  if (const char* cache = std::getenv("AVP_CACHE_DIR"))
    folder_ = std::filesystem::path(cache) / "maps";
  else if (const char* home = std::getenv("HOME"))
    folder_ = std::filesystem::path(home) / ".avp" / "maps";
}

map_folder::map_folder(std::filesystem::path folder) : folder_(std::move(folder)) {}

bool map_folder::contains(const std::string& source_hash, const std::string& target_hash) const {
  if (folder_.empty() || !is_hash(source_hash) || !is_hash(target_hash))
    return false;
  std::error_code ignored;
  return std::filesystem::exists(folder_ / (map_id(source_hash, target_hash) + ".pt"), ignored);
}

resolution resolve(const model_identity& local, const model_identity& remote, const resolution_policy& policy) {
  if (const auto same = same_model(local, remote, policy))
    return *same;
  if (same_known(local.tokenizer_hash, remote.tokenizer_hash))
    return {resolution_path::shared_tokenizer, communication_mode::latent,
            "vocab:" + local.tokenizer_hash.substr(0, id_length)};
  if (policy.maps && policy.maps->contains(local.model_hash, remote.model_hash))
    return {resolution_path::avp_map_file, communication_mode::latent, map_id(local.model_hash, remote.model_hash)};
  if (policy.local_tokens && policy.remote_tokens) {
    const auto shared = overlap(*policy.local_tokens, *policy.remote_tokens);
    if (shared >= least_vocab_overlap)
      return {resolution_path::vocab_overlap, communication_mode::latent, "vocab_overlap:" + std::to_string(shared)};
  }
  return {};
}

} // namespace avp
