// What a node tells of itself.
#include "runtime/node/node_status.hpp"

namespace avp {

namespace {

using json = nlohmann::ordered_json;

json run_json(const node_session& at) {
  auto models = json::object();
  for (const auto& [name, entry] : at.models)
    models[name] = entry.report.weights_digest;
  return {{"hops_under_way", at.hops.size()}, {"contexts_held", at.held.size()}, {"models", models}};
}

json device_status(const device_totals& totals) {
  const auto& counters = totals.counters;
  return {{"device", totals.device},
          {"steps", counters.steps},
          {"requests_running", counters.requests_running},
          {"requests_done", counters.requests_done},
          {"blocks_used", counters.blocks_used},
          {"blocks_total", counters.blocks_total}};
}

} // namespace

json status_json(const node_parts& parts, const std::map<std::uint64_t, node_session>& sessions) {
  json told = {
      {"node", parts.name},    {"incarnation", parts.incarnation}, {"contexts_kept", parts.exchange->contexts().size()},
      {"runs", json::array()}, {"devices", json::array()},         {"links", json::object()}};
  for (const auto& [number, at] : sessions)
    told["runs"].push_back(run_json(at));
  for (const auto& totals : parts.models->totals())
    told["devices"].push_back(device_status(totals));
  for (const auto& [peer, traffic] : parts.exchange->traffic())
    told["links"][peer] = {{"contexts_sent", traffic.contexts_sent},
                           {"bytes_sent", traffic.bytes_sent},
                           {"contexts_received", traffic.contexts_received},
                           {"bytes_received", traffic.bytes_received},
                           {"refused", traffic.refused}};
  return told;
}

} // namespace avp
