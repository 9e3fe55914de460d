// Sessions: made from two hellos, remembered for their time to live.
#include "transport/handshake/session.hpp"

#include <utility>

#include <spdlog/spdlog.h>

#include "transport/handshake/weights_digest.hpp"
#include "transport/random_id.hpp"

namespace avp {

void session::address(metadata& meta) const {
  meta.session_id = id;
  meta.source_agent_id = local_agent;
  meta.target_agent_id = peer_agent;
  meta.avp_map_id = agreed.avp_map_id;
  meta.mode = agreed.mode;
  const auto& hash = peer_identity.model_hash.empty() ? local_identity.model_hash : peer_identity.model_hash;
  if (!hash.empty())
    meta.extra[std::string(model_hash_key)] = hash;
  if (!local_weights.empty())
    meta.extra[std::string(weights_digest_key)] = local_weights;
}

session make_session(const hello& local, const hello& peer, resolution_policy policy) {
  policy.local_weights = local.weights_digest();
  policy.remote_weights = peer.weights_digest();
  session made;
  made.id = random_id();
  made.local_agent = local.agent_id;
  made.peer_agent = peer.agent_id;
  made.local_identity = local.identity.value_or(model_identity{});
  made.peer_identity = peer.identity.value_or(model_identity{});
  made.local_weights = policy.local_weights;
  made.agreed = resolve(made.local_identity, made.peer_identity, policy);
  return made;
}

session_store::session_store(std::chrono::milliseconds time_to_live, expiring_store<session>::clock now)
    : sessions_(
          time_to_live, [](const std::string& id) { spdlog::info("AVP session {} expired.", id); }, std::move(now)) {}

session session_store::create(const hello& local, const hello& peer, const resolution_policy& policy) {
  auto made = make_session(local, peer, policy);
  sessions_.put(made.id, made);
  return made;
}

std::vector<session> session_store::of_agent(const std::string& agent) {
  return sessions_.find_all([&](const session& s) { return s.local_agent == agent || s.peer_agent == agent; });
}

} // namespace avp
