// What node zero and the other nodes say to each other. No context, payload or callback is in it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor_system_config.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/optional.hpp>

#include "agents/agent_spec.hpp"
#include "agents/hop.hpp"
#include "gpu/wire_field.hpp"
#include "runtime/node/device_activity.hpp"
#include "runtime/pipeline/pipeline.hpp"
#include "transport/metadata.hpp"

namespace avp {

/// Nodes with another number do not understand each other.
constexpr std::uint32_t node_protocol = 6;

/// A model that a run needs on a node, with the device that is to hold it.
using model_order = model_entry;

/// A model that is ready on a node.
struct model_report {
  std::string name;                 ///< As the order has it.
  std::string weights_digest;       ///< As recipes have it.
  std::string numerics;             ///< As recipes have it.
  std::uint64_t position_bytes = 0; ///< Of one position in a KV message.
  metadata sample;                  ///< Of a short context.
};

/// From node zero: the first message, which asks whether the node can do what a run wants of it.
struct node_greeting {
  std::uint32_t protocol = node_protocol;
  std::string node; ///< Whom node zero thinks that it talks to.
  std::vector<model_order> models;
  std::vector<std::string> kinds;
  std::string data;       ///< Where node zero receives contexts, tcp://host:port.
  std::string public_key; ///< The CURVE key of node zero; empty without keys.
  bool traced = false;    ///< Whether node_heartbeat shall tell every step and request.
};

/// The answer to node_greeting.
struct node_welcome {
  std::uint32_t protocol = node_protocol;
  std::string node;
  std::uint64_t incarnation = 0; ///< Drawn when the node was started.
  std::string public_key;        ///< Its CURVE key; empty without keys.
  std::vector<model_report> models;
  std::vector<std::string> missing; ///< What it lacks, a sentence each; empty when the run can begin.
};

/// From node zero: an agent whose hops will come.
struct agent_order {
  std::uint64_t agent = 0; ///< By which hop_order names it.
  agent_spec spec;
};

/// A context that a hop continues on.
struct context_order {
  std::string id;         ///< Of its recipe.
  std::string holder;     ///< The node that holds it, "local" for node zero; empty where nobody does.
  std::string public_key; ///< Of the holder; empty without keys.
};

/// From node zero: a hop to be done.
struct hop_order {
  std::uint64_t hop = 0; ///< By which the report names it; no two hops of a session have the same.
  std::uint64_t agent = 0;
  std::string task;
  avp::mode mode = mode::latent;
  std::map<std::string, std::string> fields;
  std::uint64_t run_seed = 0;
  std::uint64_t place = 0;
  std::optional<std::int64_t> prefix_scope;
  std::string prompt;
  bool makes_text = false;
  bool hands_on = false;
  bool explains = false;
  bool wants_words = false; ///< Whether words_report shall tell the answer as it comes.
  std::map<std::string, std::string> texts;
  std::vector<std::string> from;
  std::vector<context_order> contexts;
  std::vector<std::string> recipes; ///< Encodings of the contexts' recipes and all their ancestors, parents first.
  asked_settings asked;
};

/// What came of a hop.
enum class hop_outcome : std::uint8_t {
  done,
  failed,  ///< The agent failed; doing it again would fail again.
  refused, ///< The node does not take hops any more.
};

/// To node zero: a hop is over. Where it made a context, the node holds that until drop_context names the hop.
struct hop_report {
  std::uint64_t hop = 0;
  hop_outcome outcome = hop_outcome::done;
  std::string error;
  std::string error_code; ///< Its name.
  std::string text;
  caf::optional<std::vector<std::string>> to;
  avp::counts counts;
  finish_reason finish = finish_reason::end_of_turn;
  std::vector<std::uint64_t> wire_bytes; ///< That came over a socket for each of the order's contexts.
  double fetch_ms = 0;                   ///< Until those that were not there were on the node's device.
  avp::thought thought;
  std::string context; ///< Id of its recipe; empty without one.
  std::vector<std::string>
      recipes; ///< Encodings of its recipe and those ancestors that the order had not, parents first.
  std::uint64_t context_bytes = 0; ///< Size of the KV message's body.
  metadata described;
};

/// To node zero: words of an answer.
struct words_report {
  std::uint64_t hop = 0;
  std::string text;
};

/// From node zero: nobody wants this hop any more. What its agent asked of a device is given up, and contexts that are
/// on their way for it; its report comes still.
struct cancel_hop {
  std::uint64_t hop = 0;
};

/// From node zero: nobody continues on the context of this hop any more.
struct drop_context {
  std::uint64_t hop = 0;
};

/// Who wants a context sent, and which. To node zero from the node that lacks it, and from there to the holder.
struct send_order {
  std::string holder;
  std::string ticket; ///< As context_exchange::expect gave it.
  std::string id;
  std::string prefix;     ///< What of it the receiver has; may be empty.
  std::string to;         ///< Name of the receiver.
  std::string endpoint;   ///< Of the receiver's data plane; node zero fills it in.
  std::string public_key; ///< Of the receiver; node zero fills it in.
  bool zstd = false;      ///< Whether the link is compressed; node zero fills it in.
};

/// The answer to send_order.
struct send_report {
  std::string error; ///< Why it was not sent; empty when the receiver has it.
};

/// From node zero: are you there?
struct node_ping {
  std::uint64_t number = 0;
};

/// The answer to node_ping, with what came about since the last one.
struct node_heartbeat {
  std::uint64_t number = 0;
  node_time clock = 0; ///< When it was answered.
  std::vector<device_activity> devices;
  std::vector<link_counters> links;
};

/// To node zero: send no more hops, those under way will be finished.
struct node_farewell {};

/// From anybody who may connect: how are you?
struct status_request {};

/// The answer to status_request.
struct node_status {
  std::string json;
};

/// The order for a hop, without its contexts.
[[nodiscard]] hop_order order_of(const hop_input& input, std::uint64_t hop, std::uint64_t agent);
/// The input of a hop, without its contexts and on_text. Throws std::runtime_error for values that no hop has.
[[nodiscard]] hop_input input_of(const hop_order& order);

/// Makes all these messages known to an actor system.
void add_node_messages(caf::actor_system_config& config);

// How each is written and read.

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, likely_token& x) {
  return f(caf::meta::type_name("avp::likely_token"), x.id, x.text, x.probability);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, thought_step& x) {
  return f(caf::meta::type_name("avp::thought_step"), x.tokens, x.entropy, x.norm, as_field(x.cosine));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, thought& x) {
  auto names = x.warning_names();
  if constexpr (Inspector::reads_state) {
    return f(caf::meta::type_name("avp::thought"), x.steps, names);
  } else {
    if (auto failed = f(caf::meta::type_name("avp::thought"), x.steps, names))
      return failed;
    x.warnings.clear();
    x.warn_by_names(names);
    return f();
  }
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, metadata& x) {
  return f(caf::meta::type_name("avp::metadata"), x.session_id, x.source_agent_id, x.target_agent_id, x.model_id,
           x.hidden_dim, x.num_layers, x.payload_type, x.dtype, x.tensor_shape, x.mode, x.avp_map_id, x.extra);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, model_entry& x) {
  return f(caf::meta::type_name("avp::model_entry"), static_cast<model_spec&>(x), x.device);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, model_report& x) {
  return f(caf::meta::type_name("avp::model_report"), x.name, x.weights_digest, x.numerics, x.position_bytes, x.sample);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_greeting& x) {
  return f(caf::meta::type_name("avp::node_greeting"), x.protocol, x.node, x.models, x.kinds, x.data, x.public_key,
           x.traced);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_welcome& x) {
  return f(caf::meta::type_name("avp::node_welcome"), x.protocol, x.node, x.incarnation, x.public_key, x.models,
           x.missing);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, agent_order& x) {
  return f(caf::meta::type_name("avp::agent_order"), x.agent, x.spec);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, context_order& x) {
  return f(caf::meta::type_name("avp::context_order"), x.id, x.holder, x.public_key);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, hop_order& x) {
  return f(caf::meta::type_name("avp::hop_order"), x.hop, x.agent, x.task, x.mode, x.fields, x.run_seed, x.place,
           as_field(x.prefix_scope), x.prompt, x.makes_text, x.hands_on, x.explains, x.wants_words, x.texts, x.from,
           x.contexts, x.recipes, x.asked);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, hop_report& x) {
  return f(caf::meta::type_name("avp::hop_report"), x.hop, x.outcome, x.error, x.error_code, x.text, x.to, x.counts,
           x.finish, x.wire_bytes, x.fetch_ms, x.thought, x.context, x.recipes, x.context_bytes, x.described);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, words_report& x) {
  return f(caf::meta::type_name("avp::words_report"), x.hop, x.text);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, cancel_hop& x) {
  return f(caf::meta::type_name("avp::cancel_hop"), x.hop);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, drop_context& x) {
  return f(caf::meta::type_name("avp::drop_context"), x.hop);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, send_order& x) {
  return f(caf::meta::type_name("avp::send_order"), x.holder, x.ticket, x.id, x.prefix, x.to, x.endpoint, x.public_key,
           x.zstd);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, send_report& x) {
  return f(caf::meta::type_name("avp::send_report"), x.error);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_ping& x) {
  return f(caf::meta::type_name("avp::node_ping"), x.number);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_heartbeat& x) {
  return f(caf::meta::type_name("avp::node_heartbeat"), x.number, x.clock, x.devices, x.links);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_farewell&) {
  return f(caf::meta::type_name("avp::node_farewell"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, status_request&) {
  return f(caf::meta::type_name("avp::status_request"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_status& x) {
  return f(caf::meta::type_name("avp::node_status"), x.json);
}

} // namespace avp
