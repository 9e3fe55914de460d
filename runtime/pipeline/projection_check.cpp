// Vocabularies by model, each read once.
#include "runtime/pipeline/projection_check.hpp"

#include <map>
#include <memory>
#include <string>

#include "gpu/model/catalogue.hpp"
#include "gpu/model/model_error.hpp"
#include "gpu/model/open_model.hpp"
#include "gpu/text/shared_tokens.hpp"
#include "gpu/user_error.hpp"
#include "runtime/text/number_text.hpp"
#include "transport/handshake/resolution.hpp"

namespace avp {

namespace {

class known_vocabularies {
public:
  /// What two models share; nothing where one of them can't be read.
  const shared_tokens* between(const std::string& source, const std::string& target) {
    const auto found = shared_.find({source, target});
    if (found != shared_.end())
      return &found->second;
    const auto *from = of(source), *to = of(target);
    return from && to ? &shared_.emplace(std::pair(source, target), shared_between(*from, *to)).first->second : nullptr;
  }

private:
  const tokenizer* of(const std::string& source) try {
    auto& known = known_[source];
    if (!known)
      known = std::make_unique<tokenizer>(open_model(resolve_model(source)).vocabulary);
    return known.get();
  } catch (const model_error&) {
    return nullptr;
  }

  std::map<std::string, std::unique_ptr<tokenizer>> known_;
  std::map<std::pair<std::string, std::string>, shared_tokens> shared_;
};

void note(run_stage& stage, const planned_edge& edge, known_vocabularies& vocabularies) {
  const auto& p = *stage.pipeline;
  const auto& from = *p.model(p.agent(edge.from).model);
  const auto& to = *p.model(p.agent(edge.to).model);
  const auto* shared = vocabularies.between(from.source, to.source);
  const auto hop = edge.from + " -> " + edge.to;
  if (!shared) {
    stage.plan.notes.push_back(hop + " is to be projected; that can be told when both models are here.");
    return;
  }
  const auto count = shared->ids.size();
  if (count < least_vocab_overlap)
    throw user_error(hop + " can't be projected: the vocabularies of the models \"" + from.name + "\" (" + from.source +
                     ") and \"" + to.name + "\" (" + to.source + ") have " + std::to_string(count) +
                     " tokens in common, and " + std::to_string(least_vocab_overlap) + " are needed; give " + edge.to +
                     " cross_model = \"text\"");
  stage.plan.notes.push_back(
      hop + " is projected: " +
      (shared->are_all
           ? "vocab_mediated, one vocabulary of " + with_separators(static_cast<std::int64_t>(count)) + " tokens."
           : "vocab_overlap, " + with_separators(static_cast<std::int64_t>(count)) + " tokens shared."));
}

} // namespace

void note_projections(std::vector<run_stage>& stages) {
  known_vocabularies vocabularies;
  for (auto& stage : stages)
    for (const auto& edge : stage.plan.edges)
      if (edge.how == hand_over::projection)
        note(stage, edge, vocabularies);
}

} // namespace avp
