// The engine of one device: takes requests, runs them together, answers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gpu/device_config.hpp"
#include "gpu/device_observer.hpp"
#include "gpu/engine/model_engine.hpp"

namespace avp {

/// Owned by one thread. Requests of one model are batched; models take turns, a forward pass each.
class engine {
public:
  using work = request_work;
  using outcome = request_outcome;
  using callback = request_callback;

  /// Loads the models. `times`: what passes take, by model, where that is known and not to be measured. Throws
  /// model_error.
  explicit engine(const device_config& config, const std::map<std::string, pass_times>& times = {});

  /// Queues a request; `done` is called exactly once, from submit(), step() or cancel(), also where there is no memory
  /// for the answer. One that throws is called again with an error.
  void submit(work request, callback done);

  /// Ends a queued or running request. Its memory is free at once.
  void cancel(request_id id);

  /// Reclaims the memory of contexts that nobody holds any more and runs at most one forward pass. Returns whether
  /// there is more to do.
  bool step();

  /// A model by its name in the configuration. Throws std::out_of_range.
  [[nodiscard]] const loaded_model& model(const std::string& name) const { return by_name_.at(name).engine->model(); }

  /// What happened so far and what is now.
  [[nodiscard]] device_counters counters() const;

private:
  struct named_model {
    model_engine* engine = nullptr;
    std::optional<draft_source> draft;          // who guesses tokens of answers
    std::shared_ptr<draft_model> drafting = {}; // the model that does, and how well it does
    std::shared_ptr<guess_pace> pace = {};
  };

  void find_drafts(const std::string& device);
  [[nodiscard]] static std::optional<token_guesser> guesser_for(const named_model& named);
  void count(const request_record& ended);
  void tell(const std::function<void(device_observer&)>& what);
  void refuse(const work& request, const callback& done, const caf::error& why);

  std::vector<std::unique_ptr<model_engine>> models_;
  std::map<std::string, named_model> by_name_; // two names may stand for one model
  std::shared_ptr<device_observer> observer_;
  std::size_t turn_ = 0;
  std::uint64_t arrivals_ = 0;
  device_counters counters_; // without what models add
};

} // namespace avp
