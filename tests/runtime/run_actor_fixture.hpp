// What the tests of a run share: its actor on a device that answers by rule.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "../agents/fake_device.hpp"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <avp/runtime/pipeline/pipeline_file.hpp>
#include <avp/runtime/run/run_actor.hpp>

namespace avp::test {

inline constexpr auto chain_of_three = R"(
name = "chain"
flow = ["a -> b -> c"]
[model.main]
source = "nothing"
[defaults]
temperature = 0.0
[agent.a]
kind = "think"
prompt = "A {{q}}"
[agent.b]
kind = "think"
prompt = "B"
text_prompt = "B {{a}}"
[agent.c]
kind = "generate"
prompt = "C"
text_prompt = "C {{a}} {{b}}"
direct_prompt = "only {{q}}"
[score]
kind = "contains"
expected = "{{want}}"
)";

inline constexpr auto fan_of_two = R"(
name = "fan"
flow = ["a, b -> c"]
[model.main]
source = "nothing"
[agent.a]
kind = "think"
prompt = "A {{q}}"
[agent.b]
kind = "think"
prompt = "B {{q}}"
[agent.c]
kind = "generate"
prompt = "C"
)";

class run_actor_test : public fake_device_test {
protected:
  pipeline pipeline_;
  std::istringstream lines_;
  std::optional<record_reader> reader_;
  std::vector<task_result> results_;
  std::string words_;
  std::map<std::string, std::uint64_t> places_;
  std::uint64_t first_place_ = 0;
  std::shared_ptr<journal> journal_;
  std::map<std::string, std::vector<saved_hop>> saved_;

  caf::actor start(const std::string& toml, mode mode, const std::string& lines, std::size_t concurrency = 1,
                   bool stream = false) {
    load_options options;
    options.kinds = kinds_.kinds();
    options.modes = {mode};
    options.input = "-";
    auto loaded = load_pipeline(toml, "test.toml", options);
    if (!loaded.pipeline)
      throw std::runtime_error(to_string(loaded.mistakes));
    pipeline_ = *loaded.pipeline;
    lines_.clear(); // the end, which an earlier run came to
    lines_.str(lines);
    reader_.emplace(lines_);
    run_config run;
    run.pipeline = &pipeline_;
    run.kinds = &kinds_;
    run.plan = make_plan(pipeline_, mode, kinds_.kinds());
    run.devices = {{"main", device_}};
    run.concurrency = concurrency;
    run.first_place = first_place_;
    run.stream = stream;
    run.observer = self_;
    if (pipeline_.scores_programs())
      run.programs = std::make_shared<program_scorer>();
    run.input = [this] { return reader_->next(); };
    run.journal = journal_;
    run.saved = saved_;
    return start_run(system_, std::move(run));
  }

  // Everything until the run ends; returns why it ended early.
  std::string collect() {
    std::optional<std::string> end;
    while (!end)
      self_->receive([&](task_result& result) { results_.push_back(std::move(result)); },
                     [&](const task_begun& begun) { places_[begun.task] = begun.place; },
                     [&](const answer_piece& piece) { words_ += piece.text; },
                     [&](const run_ended& ended) { end = ended.error; },
                     caf::after(std::chrono::seconds(20)) >> [&] { end = "the run hangs"; });
    return *end;
  }

  std::string run(const std::string& toml, mode mode, const std::string& lines, std::size_t concurrency = 1) {
    start(toml, mode, lines, concurrency);
    return collect();
  }
};

} // namespace avp::test
