// What two agents agreed on in their handshake, for as long as it holds.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "transport/handshake/expiring_store.hpp"
#include "transport/handshake/hello.hpp"
#include "transport/handshake/resolution.hpp"
#include "transport/metadata.hpp"

namespace avp {

/// A negotiated session between a local agent and a peer.
struct session {
  std::string id; ///< 32 hex characters.
  std::string local_agent;
  std::string peer_agent;
  model_identity local_identity;
  model_identity peer_identity;
  std::string local_weights; ///< Digest of our weights; empty when not known.
  resolution agreed;

  /// Addresses metadata to the peer: session, agents, map, and the hashes. The SDK refuses a context whose model hash
  /// is not its own, even after a structural match, so what is sent carries the peer's hash where it gave one.
  void address(metadata& meta) const;
};

/// Resolves how a local agent and the sender of a hello can work together. The digests of the weights in `policy` are
/// taken from the hellos.
[[nodiscard]] session make_session(const hello& local, const hello& peer, resolution_policy policy = {});

/// The sessions of a node.
class session_store {
public:
  /// Makes a store. Sessions live for an hour unless said otherwise; one that expires is named in the log.
  explicit session_store(std::chrono::milliseconds time_to_live = std::chrono::hours(1),
                         expiring_store<session>::clock now = std::chrono::steady_clock::now);

  /// Makes a session as make_session() does, and remembers it.
  session create(const hello& local, const hello& peer, const resolution_policy& policy = {});

  /// The session with this identifier, or nothing when there is none or its time is over.
  [[nodiscard]] std::optional<session> find(const std::string& id) { return sessions_.get(id); }

  /// All sessions of an agent, ours or the peer's.
  [[nodiscard]] std::vector<session> of_agent(const std::string& agent);

  /// Ends a session and returns whether there was one.
  bool end(const std::string& id) { return sessions_.erase(id); }

  /// Number of sessions that are alive.
  [[nodiscard]] std::size_t size() { return sessions_.size(); }

private:
  expiring_store<session> sessions_;
};

} // namespace avp
