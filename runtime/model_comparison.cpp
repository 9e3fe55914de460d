// Two model files side by side.
#include "runtime/model_comparison.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "gpu/model/catalogue.hpp"
#include "gpu/model/open_model.hpp"
#include "gpu/projection_validation.hpp"
#include "gpu/text/shared_tokens.hpp"
#include "runtime/results/or_null.hpp"
#include "runtime/text/number_text.hpp"
#include "runtime/text/text_table.hpp"
#include "transport/handshake/hash.hpp"
#include "transport/handshake/resolution.hpp"

namespace avp {

namespace {

using nlohmann::ordered_json;

/// A vocabulary as the handshake looks at it.
class written_tokens final : public token_list {
public:
  explicit written_tokens(const std::map<std::string, std::int64_t>& ids) : ids_(ids) {}

  [[nodiscard]] std::size_t size() const override { return ids_.size(); }
  [[nodiscard]] bool contains(std::string_view token) const override { return ids_.contains(std::string(token)); }
  void for_each(const std::function<void(std::string_view)>& visit) const override {
    for (const auto& [text, id] : ids_)
      visit(text);
  }

private:
  const std::map<std::string, std::int64_t>& ids_;
};

struct compared_model {
  explicit compared_model(const std::string& source)
      : spec{.name = source, .source = source},
        file(open_model(resolve_model(source))),
        tokens(file.vocabulary) {
    for (const auto& [text, id] : tokens.vocabulary_pairs())
      ids[text] = id;
    const auto& config = file.config;
    identity.model_family = config.family;
    identity.model_id = config.name;
    identity.model_hash = file.model_hash;
    identity.hidden_dim = static_cast<std::uint32_t>(config.hidden_size);
    identity.num_layers = static_cast<std::uint32_t>(config.num_layers);
    identity.num_kv_heads = static_cast<std::uint32_t>(config.num_kv_heads);
    identity.head_dim = static_cast<std::uint32_t>(config.head_dim);
    identity.tokenizer_hash = tokenizer_hash(ids).value_or(""); // none where a token is not UTF-8
  }

  [[nodiscard]] ordered_json json() const {
    return {{"source", spec.source},
            {"name", identity.model_id},
            {"family", identity.model_family},
            {"layers", identity.num_layers},
            {"hidden_size", identity.hidden_dim},
            {"tokens", ids.size()},
            {"model_hash", identity.model_hash},
            {"tokenizer_hash", identity.tokenizer_hash}};
  }

  model_spec spec;
  model_file file;
  tokenizer tokens;
  std::map<std::string, std::int64_t> ids;
  model_identity identity;
};

resolution resolved(const compared_model& source, const compared_model& target) {
  const written_tokens ours(source.ids), theirs(target.ids);
  resolution_policy policy;
  policy.local_weights = source.file.weights_digest;
  policy.remote_weights = target.file.weights_digest;
  policy.local_tokens = &ours;
  policy.remote_tokens = &theirs;
  return resolve(source.identity, target.identity, policy);
}

ordered_json validation_json(const projection_validation& made) {
  ordered_json object = {{"method", name_of(made.method)},
                         {"mean_cosine", made.cosine},
                         {"mean_dropped_mass", made.dropped_mass},
                         {"mean_perplexity", or_null(made.perplexity)},
                         {"recommended", made.is_good ? "latent" : "text"},
                         {"sentences", ordered_json::array()}};
  for (const auto& one : made.sentences)
    object["sentences"].push_back({{"text", one.text},
                                   {"compared", one.compared},
                                   {"cosine", one.cosine},
                                   {"dropped_mass", one.dropped_mass},
                                   {"perplexity", or_null(one.perplexity)}});
  return object;
}

std::string number_or_dash(const ordered_json& value, const char* pattern) {
  return value.is_null() ? "-" : printed(pattern, value.get<double>());
}

} // namespace

ordered_json compare_models(const std::string& source_name, const std::string& target_name) {
  const compared_model source(source_name), target(target_name);
  const auto way = resolved(source, target);
  const auto as_strings = shared_between(source.tokens, target.tokens, pairing::reference).ids.size();
  const auto by_bytes = shared_between(source.tokens, target.tokens).ids.size();
  const auto smaller = static_cast<double>(std::max<std::size_t>(std::min(source.ids.size(), target.ids.size()), 1));
  ordered_json made = {{"source", source.json()},
                       {"target", target.json()},
                       {"path", to_string(way.path)},
                       {"map_id", way.avp_map_id},
                       {"shared_tokens",
                        {{"as_strings", as_strings},
                         {"as_strings_share", static_cast<double>(as_strings) / smaller},
                         {"by_bytes", by_bytes},
                         {"by_bytes_share", static_cast<double>(by_bytes) / smaller}}},
                       {"validation", nullptr}};
  if (by_bytes >= least_vocab_overlap)
    made["validation"] = validation_json(validate_projection(source.spec, target.spec));
  return made;
}

std::string comparison_text(const ordered_json& comparison) {
  std::vector<std::vector<std::string>> models = {{"", "family", "layers", "width", "tokens"}};
  for (const auto* side : {"source", "target"}) {
    const auto& model = comparison.at(side);
    models.push_back({side + (": " + model.at("source").get<std::string>()), model.at("family").get<std::string>(),
                      model.at("layers").dump(), model.at("hidden_size").dump(),
                      with_separators(model.at("tokens").get<std::int64_t>())});
  }
  auto text = text_table(models) + "path: " + comparison.at("path").get<std::string>() + "\n";
  const auto& shared = comparison.at("shared_tokens");
  const auto add_count = [&](const std::string& key, const char* how) {
    text += "tokens shared " + std::string(how) + ": " + with_separators(shared.at(key).get<std::int64_t>()) +
            printed(" (%.1f %% of the smaller vocabulary)\n", 100 * shared.at(key + "_share").get<double>());
  };
  add_count("by_bytes", "by their bytes");
  add_count("as_strings", "as strings, as the AVP SDK pairs them");
  const auto& validation = comparison.at("validation");
  if (validation.is_null())
    return text + "nothing can be projected: " + std::to_string(least_vocab_overlap) +
           " shared tokens are needed; use text\n";
  std::vector<std::vector<std::string>> lines = {{"", "cosine", "dropped", "perplexity"}};
  const auto add = [&](const std::string& name, const ordered_json& of, const std::string& prefix) {
    lines.push_back({name, printed("%.3f", of.at(prefix + "cosine").get<double>()),
                     printed("%.1f %%", 100 * of.at(prefix + "dropped_mass").get<double>()),
                     number_or_dash(of.at(prefix + "perplexity"), "%.1f")});
  };
  for (const auto& one : validation.at("sentences"))
    add(one.at("text").get<std::string>(), one, "");
  add("mean", validation, "mean_");
  return text + "projection by " + validation.at("method").get<std::string>() + ":\n" + text_table(lines) +
         "recommended, as the AVP SDK decides (cosine 0.5 or more, perplexity 100 at most): " +
         validation.at("recommended").get<std::string>() + "\n";
}

} // namespace avp
