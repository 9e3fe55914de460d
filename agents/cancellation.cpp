// Giving up what was asked of devices.
#include "agents/cancellation.hpp"

#include <caf/send.hpp>

namespace avp {

void cancellation::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (const auto& [id, device] : open_)
    caf::anon_send(device, avp::cancel{id});
  open_.clear();
}

void cancellation::add(request_id id, const device_actor& device) {
  const std::lock_guard lock(mutex_);
  if (cancelled_)
    caf::anon_send(device, avp::cancel{id});
  else
    open_.emplace(id, device);
}

void cancellation::forget(request_id id) {
  const std::lock_guard lock(mutex_);
  open_.erase(id);
}

} // namespace avp
