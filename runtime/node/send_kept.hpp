// Has the exchange of this process send a context that it keeps.
#pragma once

#include <utility>

#include <caf/result.hpp>
#include <caf/typed_response_promise.hpp>

#include "gpu/device_error.hpp"
#include "runtime/node/context_exchange.hpp"
#include "runtime/node/node_messages.hpp"

namespace avp {

/// In a handler of `self`: the answer says why the context could not be sent, or nothing.
template <class Self>
caf::result<send_report> send_kept(Self* self, const exchange_actor& exchange, context_dispatch dispatch) {
  auto answer = self->template make_response_promise<send_report>();
  self->request(exchange, caf::infinite, std::move(dispatch))
      .then(
          [answer](const transfer_outcome& sent) mutable {
            answer.deliver(send_report{sent.moved ? "" : sent.moved.error().message});
          },
          [answer](const caf::error& error) mutable { answer.deliver(send_report{text_of(error)}); });
  return answer;
}

} // namespace avp
