// What a loaded model says of itself.
#include "runtime/node/model_probe.hpp"

#include <caf/scoped_actor.hpp>

#include "gpu/context.hpp"
#include "gpu/device_error.hpp"
#include "gpu/model/model_error.hpp"
#include "transport/kv.hpp"

namespace avp {

model_report probe_model(caf::actor_system& system, const device_actor& device, const std::string& model) {
  think request;
  request.id = next_request_id();
  request.label = "probe";
  request.model = model;
  request.messages = {{"user", "ready"}};
  request.prefix_scope.reset(); // no run shares its blocks with this
  caf::scoped_actor self(system);
  model_report report{.name = model};
  self->request(device, caf::infinite, std::move(request))
      .receive(
          [&](const result& answer) {
            const auto& made = dynamic_cast<const context&>(*answer.context.body);
            report.weights_digest = made.history()->weights_digest;
            report.numerics = made.history()->numerics;
            report.position_bytes = (made.size() - kv_header_bytes) / static_cast<std::uint64_t>(made.tokens());
            report.sample = made.describe();
          },
          [&](const caf::error& error) {
            throw model_error("model '" + model + "' can't read a prompt: " + text_of(error));
          });
  return report;
}

std::uint64_t body_bytes(const model_report& model, std::int64_t tokens) {
  return kv_header_bytes + model.position_bytes * static_cast<std::uint64_t>(tokens);
}

} // namespace avp
