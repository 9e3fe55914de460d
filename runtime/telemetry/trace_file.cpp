// Writing a JSON array that is always closed: each write begins where the last one's closing bracket stands.
#include "runtime/telemetry/trace_file.hpp"

#include <cerrno>
#include <cstring>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace avp {

namespace {

// A device adds to a list under a lock and wakes nobody up; so often the list is looked at.
constexpr auto interval = std::chrono::milliseconds(200);

// Some 50 MB. A disk that hangs costs no more.
constexpr std::size_t most_waiting = std::size_t{1} << 17;

constexpr std::string_view closing = "\n]\n";

// All bytes at that place, or errno.
int write_at(int descriptor, std::string_view bytes, std::int64_t place) {
  while (!bytes.empty()) {
    const auto written = ::pwrite(descriptor, bytes.data(), bytes.size(), place);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return written < 0 ? errno : EIO;
    bytes.remove_prefix(static_cast<std::size_t>(written));
    place += written;
  }
  return 0;
}

} // namespace

int trace_file::add_device(const std::string& name) {
  const std::lock_guard lock(mutex_);
  waiting_.emplace_back(traced_device{++devices_, name});
  return devices_;
}

void trace_file::name_task(std::uint64_t place, const std::string& name) { push(traced_task{place, name}); }

void trace_file::add(int device, const step_record& step, const device_counters& counters) {
  push(traced_step{device, step, counters.blocks_used, counters.blocks_shared, counters.blocks_cached});
}

void trace_file::add(int device, traced_step step) {
  step.device = device;
  push(std::move(step));
}

void trace_file::add(const request_record& request) { push(request); }

void trace_file::push(trace_entry entry) {
  const std::lock_guard lock(mutex_);
  if (closed_)
    return;
  if (waiting_.size() < most_waiting)
    waiting_.push_back(std::move(entry));
  else
    ++dropped_;
}

void trace_file::write_to(const std::filesystem::path& file) {
  file_ = file;
  descriptor_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0)
    return give_up(std::strerror(errno));
  write("[\n" + trace_events::beginning());
  thread_ = std::thread([this] { write_all(); });
}

void trace_file::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    closing_.notify_all();
  }
  if (thread_.joinable())
    thread_.join();
  if (descriptor_ >= 0)
    ::close(descriptor_);
  descriptor_ = -1;
  if (std::exchange(dropped_, 0) > 0)
    spdlog::warn("'{}' is not complete: the disk was too slow", file_.string());
}

void trace_file::write_all() {
  std::vector<trace_entry> taken;
  for (bool last = false; !last && descriptor_ >= 0;) {
    {
      std::unique_lock lock(mutex_);
      closing_.wait_for(lock, interval, [&] { return closed_; });
      last = closed_;
      taken.swap(waiting_);
    }
    try {
      std::string text;
      for (const auto& entry : taken)
        events_.append(text, entry);
      taken.clear();
      if (last)
        events_.append_end(text);
      if (!text.empty())
        write(text);
    } catch (const std::exception& error) {
      give_up(error.what());
    }
  }
}

void trace_file::write(std::string_view events) {
  std::string text(events);
  text += closing;
  const auto failed = write_at(descriptor_, text, end_);
  if (failed == 0) {
    end_ += static_cast<std::int64_t>(events.size());
    return;
  }
  if (failed == ENOSPC || failed == EDQUOT) {
    ::unlink(file_.c_str());                                          // what room it took is for the results
  } else if (end_ > 0 && write_at(descriptor_, closing, end_) == 0) { // as it was before: for that there is room
    std::ignore = ::ftruncate(descriptor_, end_ + static_cast<std::int64_t>(closing.size()));
  }
  give_up(std::strerror(failed));
}

void trace_file::give_up(const std::string& why) {
  spdlog::warn("cannot write '{}': {}; the run goes on without it", file_.string(), why);
  if (descriptor_ >= 0)
    ::close(descriptor_);
  descriptor_ = -1;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  waiting_.clear();
}

} // namespace avp
