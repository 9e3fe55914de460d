// The two ends of an exchange: a receiver with a thread of its own, and the actor that knows what is under way.
#include "runtime/node/context_exchange.hpp"

#include <algorithm>
#include <utility>

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include "runtime/node/arrived_slice.hpp"
#include "runtime/node/start_exchange.hpp"
#include "transport/link/payload_receiver.hpp"

namespace avp {

namespace {

// Metadata, a hidden state in it, and the headers.
constexpr std::uint64_t around_a_context = std::uint64_t{1} << 20;

receiver_options receiver_options_of(const exchange_options& options) {
  receiver_options made;
  made.endpoint = options.endpoint;
  if (options.keys)
    made.curve = curve_server{*options.keys, options.accepted_keys};
  made.max_message_bytes = std::min(options.largest_context + around_a_context, made.max_message_bytes);
  made.max_split_bytes = options.largest_context;
  made.decode.max_body_bytes = options.largest_context;
  made.heartbeat = options.heartbeat;
  made.peer_timeout = options.peer_timeout;
  return made;
}

} // namespace

class context_exchange::core {
public:
  core(caf::actor_system& of, exchange_options options) : system(of), shared(std::make_shared<exchange_shared>()) {
    shared->options = std::move(options);
    actor = start_exchange(system, shared);
  }
  ~core() {
    receiver.reset();
    caf::anon_send(actor, close_atom::value);
    caf::scoped_actor waiting(system);
    waiting->wait_for(actor);
  }
  core(const core&) = delete;
  core& operator=(const core&) = delete;

  caf::actor_system& system;
  std::shared_ptr<exchange_shared> shared;
  exchange_actor actor;
  std::unique_ptr<payload_receiver> receiver;
};

expected<std::unique_ptr<context_exchange>> context_exchange::start(caf::actor_system& system,
                                                                    exchange_options options) {
  auto made = std::make_unique<core>(system, std::move(options));
  receiver_handlers handlers;
  handlers.on_payload = [actor = made->actor](received_payload came) { caf::anon_send(actor, std::move(came)); };
  handlers.on_peer_lost = [actor = made->actor](const link_peer& who, const error& why) {
    caf::anon_send(actor, gone_peer{who.name, who.public_key, why, true});
  };
  handlers.is_wanted = [shared = made->shared](const metadata& meta) {
    return !shared->unwanted.contains(ticket_of(meta));
  };
  auto bound = payload_receiver::bind(receiver_options_of(made->shared->options), std::move(handlers));
  if (!bound)
    return tl::unexpected(std::move(bound.error()));
  made->receiver = std::move(*bound);
  return std::unique_ptr<context_exchange>(new context_exchange(std::move(made)));
}

context_exchange::context_exchange(std::unique_ptr<core> running) : core_(std::move(running)) {}

context_exchange::~context_exchange() = default;

const std::string& context_exchange::endpoint() const { return core_->receiver->endpoint(); }

const exchange_actor& context_exchange::actor() const { return core_->actor; }

std::shared_ptr<kept_contexts> context_exchange::kept() const { return {core_->shared, &core_->shared->contexts}; }

void context_exchange::lose(std::string peer, error why) {
  caf::anon_send(core_->actor, gone_peer{std::move(peer), {}, std::move(why), false});
}

std::map<std::string, link_traffic> context_exchange::traffic() const { return core_->shared->traffic.all(); }

} // namespace avp
