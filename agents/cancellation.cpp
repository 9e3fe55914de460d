// Giving up what is under way.
#include "agents/cancellation.hpp"

#include <utility>

#include <caf/send.hpp>

namespace avp {

void cancellation::cancel() {
  std::map<request_id, std::function<void()>> open;
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    open.swap(open_);
  }
  for (const auto& [id, give_up] : open)
    give_up();
}

void cancellation::add(request_id id, const device_actor& device) {
  add(id, [id, device] { caf::anon_send(device, avp::cancel{id}); });
}

void cancellation::add(request_id id, std::function<void()> give_up) {
  {
    const std::lock_guard lock(mutex_);
    if (!cancelled_) {
      open_.emplace(id, std::move(give_up));
      return;
    }
  }
  give_up();
}

void cancellation::forget(request_id id) {
  const std::lock_guard lock(mutex_);
  open_.erase(id);
}

} // namespace avp
