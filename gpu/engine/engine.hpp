// The engine of one device: takes requests, runs them together, answers.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <avp/gpu/device_config.hpp>
#include <avp/gpu/device_observer.hpp>
#include <avp/gpu/engine/lane.hpp>

namespace avp {

/// Owned by one thread. Requests of one model are batched; models take turns, a forward pass each.
class engine {
public:
  using work = job::work;
  using outcome = job::outcome;
  using callback = job::callback;

  /// Loads the models. Throws model_error.
  explicit engine(const device_config& config);

  /// Queues a request; `done` is called exactly once, from submit(), step() or cancel().
  void submit(work request, callback done);

  /// Gives up a queued or running request. Its memory is free at once.
  void cancel(request_id id);

  /// Takes back the memory of contexts that nobody holds any more and runs at most one forward pass. Returns whether
  /// there is more to do.
  bool step();

  /// A model by its name in the configuration. Throws std::out_of_range.
  [[nodiscard]] const loaded_model& model(const std::string& name) const { return by_name_.at(name)->model(); }

  /// What happened so far and what is now.
  [[nodiscard]] device_counters counters() const;

private:
  void count(const request_record& ended);
  void refuse(const work& request, const callback& done, const caf::error& why);

  std::vector<std::unique_ptr<lane>> lanes_;
  std::map<std::string, lane*> by_name_; // two names may stand for one model
  std::shared_ptr<device_observer> observer_;
  std::size_t turn_ = 0;
  std::uint64_t arrivals_ = 0;
  device_counters counters_; // without what lanes add
};

} // namespace avp
