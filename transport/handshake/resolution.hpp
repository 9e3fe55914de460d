// How two agents can work together: with tensors, or with text only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "transport/handshake/model_identity.hpp"
#include "transport/metadata.hpp"
#include "transport/name_table.hpp"

namespace avp {

/// The rule that decided, in the order in which they are tried.
enum class resolution_path : std::uint8_t {
  hash_match,       ///< Both model hashes are known and equal.
  structural_match, ///< Same family, width and number of layers. The weights may differ all the same.
  shared_tokenizer, ///< Both tokenizer hashes are known and equal.
  avp_map_file,     ///< A saved map from one model to the other exists.
  vocab_overlap,    ///< Both vocabularies are at hand and share at least 100 tokens.
  json_fallback     ///< Nothing of that: text.
};

template <>
inline constexpr auto name_table<resolution_path> = std::to_array<named_value<resolution_path>>({
    {resolution_path::hash_match, "hash_match"},
    {resolution_path::structural_match, "structural_match"},
    {resolution_path::shared_tokenizer, "shared_tokenizer"},
    {resolution_path::avp_map_file, "avp_map_file"},
    {resolution_path::vocab_overlap, "vocab_overlap"},
    {resolution_path::json_fallback, "json_fallback"},
});

/// Returns the name of a path as written in the enumeration, such as "hash_match".
[[nodiscard]] std::string_view to_string(resolution_path path);

/// Tokens that two vocabularies share at least where vocab_overlap is a way between them.
inline constexpr std::uint64_t least_vocab_overlap = 100;

/// What was decided.
struct resolution {
  resolution_path path = resolution_path::json_fallback;
  communication_mode mode = communication_mode::json;
  std::string avp_map_id; ///< Set for the paths that need a map between the models.

  bool operator==(const resolution&) const = default;
};

/// Knows which maps between models are saved.
class map_registry {
public:
  virtual ~map_registry() = default;

  /// Whether there is a map from the one model to the other, both given by their hashes.
  [[nodiscard]] virtual bool contains(const std::string& source_hash, const std::string& target_hash) const = 0;
};

/// Maps saved in a folder, one file each, named by the first 16 characters of both hashes as the SDK names them.
class map_folder final : public map_registry {
public:
  /// Uses the SDK's folder: $AVP_CACHE_DIR/maps, or ~/.avp/maps.
  map_folder();

  /// Uses this folder, which need not exist.
  explicit map_folder(std::filesystem::path folder);

  [[nodiscard]] bool contains(const std::string& source_hash, const std::string& target_hash) const override;

private:
  std::filesystem::path folder_;
};

/// A vocabulary that is at hand.
class token_list {
public:
  virtual ~token_list() = default;

  /// Number of tokens.
  [[nodiscard]] virtual std::size_t size() const = 0;

  /// Whether the token is in the vocabulary.
  [[nodiscard]] virtual bool contains(std::string_view token) const = 0;

  /// Calls `visit` with each token once.
  virtual void for_each(const std::function<void(std::string_view)>& visit) const = 0;
};

/// What a node knows and wants beyond the two identities.
struct resolution_policy {
  /// Whether rule 2 may decide on its own. Without it, a structural match needs equal digests of the weights.
  bool allow_structural_match = true;
  /// Digests of the weights of both models, where known. Two that differ rule out hash_match and structural_match.
  std::string local_weights;
  std::string remote_weights;
  /// For avp_map_file; null when there are no maps.
  const map_registry* maps = nullptr;
  /// For vocab_overlap; null when a vocabulary is not at hand.
  const token_list* local_tokens = nullptr;
  const token_list* remote_tokens = nullptr;
};

/// Decides how two agents work together. The first rule that fits wins.
[[nodiscard]] resolution resolve(const model_identity& local, const model_identity& remote,
                                 const resolution_policy& policy = {});

} // namespace avp
