// The models of a run, wherever they are.
#include "runtime/node/cluster_models.hpp"

namespace avp {

namespace {

constexpr std::size_t shown_digits = 12; // of a digest

std::string short_digest(const model_report& model) { return model.weights_digest.substr(0, shown_digits) + "…"; }

} // namespace

void cluster_models::add_local(const model_report& model) {
  known_.insert_or_assign(model.name, known_model{"this machine", model});
}

std::vector<std::string> cluster_models::objections(const std::string& node, const std::vector<model_report>& models) {
  std::vector<std::string> all;
  for (const auto& model : models) {
    const auto& [where, known] =
        known_.try_emplace(model.name, known_model{"node '" + node + "'", model}).first->second;
    if (known.weights_digest != model.weights_digest)
      all.push_back("model '" + model.name + "' has other weights (" + short_digest(model) + ") than " + where + " (" +
                    short_digest(known) + ")");
    else if (known.numerics != model.numerics)
      all.push_back("model '" + model.name + "' runs with \"" + model.numerics + "\", and " + where + " has \"" +
                    known.numerics + "\"");
  }
  return all;
}

std::vector<model_report> cluster_models::all() const {
  std::vector<model_report> reports;
  for (const auto& [name, known] : known_)
    reports.push_back(known.report);
  return reports;
}

} // namespace avp
