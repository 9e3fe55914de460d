// The writing thread.
#include "runtime/journal/journal.hpp"

#include <iterator>

namespace avp {

namespace {

constexpr auto interval = std::chrono::milliseconds(50);
constexpr std::size_t most_waiting = 10000;

} // namespace

journal::journal(journal_database database) : database_(std::move(database)), thread_([this] { write_all(); }) {}

void journal::add(journal_entry entry) {
  std::unique_lock lock(mutex_);
  written_.wait(lock, [&] { return closed_ || !failure_.empty() || waiting_.size() < most_waiting; });
  if (closed_)
    return;
  waiting_.push_back(std::move(entry));
  changed_.notify_all();
}

std::string journal::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void journal::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
    written_.notify_all();
  }
  if (thread_.joinable())
    thread_.join();
  database_.reset();
}

void journal::write_all() {
  std::vector<journal_entry> batch; // what a failed attempt left stays in it
  for (bool last = false; !last;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
    changed_.wait_for(lock, interval, [&] { return closed_; });
    last = closed_;
    std::move(waiting_.begin(), waiting_.end(), std::back_inserter(batch));
    waiting_.clear();
    lock.unlock();
    std::string failure;
    try {
      database_->write(batch);
      batch.clear();
    } catch (const std::exception& error) {
      failure = error.what();
    }
    lock.lock();
    failure_ = std::move(failure);
    written_.notify_all();
  }
}

} // namespace avp
