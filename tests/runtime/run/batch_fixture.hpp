// What the tests of a batch share: a pipeline on a device that answers by rule, and who asks it.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/flow/start_pipeline.hpp"
#include "runtime/pipeline/pipeline_file.hpp"
#include "runtime/run/start_batch.hpp"
#include "runtime/score/scorer_process.hpp"
#include "tests/agents/fake_device.hpp"
#include "tests/runtime/flow/flows.hpp"

namespace avp::test {

class batch_test : public fake_device_test {
protected:
  std::shared_ptr<const pipeline> pipeline_;
  pipeline_actor asked_;
  std::function<pipeline_actor()> made_ = [this] { return made_of_file(); }; ///< What the batch asks.
  std::istringstream lines_;
  std::optional<record_reader> reader_;
  std::vector<task_result> results_;
  std::map<std::string, std::string> words_; ///< By task.
  std::map<std::string, std::uint64_t> places_;
  std::uint64_t first_place_ = 0;
  avp::mode mode_ = mode::latent;
  std::filesystem::path scorer_; ///< Instead of avp-score.
  std::shared_ptr<run_journal> journal_;
  bool input_has_ended_ = true; ///< Whether the end of the lines is one to believe.
  std::deque<input_item> read_;
  std::atomic<bool> is_at_end_ = false;
  std::function<void()> at_end_; ///< Where set: called when the end is read, before the batch hears of it.
  std::set<std::string> finished_;
  std::map<std::string, std::vector<saved_hop>> saved_;

  ~batch_test() override { end_pipeline(); }

  void end_pipeline() {
    if (asked_)
      self_->send_exit(asked_, caf::exit_reason::user_shutdown);
  }

  pipeline_actor made_of_file() {
    return start_pipeline(
        system_, {pipeline_, &kinds_, make_plan(*pipeline_, mode_, kinds_.kinds()), {{"main", device_}}, nullptr});
  }

  batch_actor start(const std::string& toml, mode mode, const std::string& lines, std::size_t concurrency = 1,
                    bool stream = false) {
    load_options options;
    options.kinds = kinds_.kinds();
    options.modes = {mode};
    options.input = "-";
    auto loaded = load_pipeline(toml, "test.toml", options);
    if (!loaded.pipeline)
      throw std::runtime_error(to_string(loaded.mistakes));
    pipeline_ = std::make_shared<const pipeline>(*loaded.pipeline);
    lines_.clear(); // the end, which an earlier run came to
    lines_.str(lines);
    reader_.emplace(lines_);
    end_pipeline();
    mode_ = mode;
    asked_ = made_();
    batch_config batch;
    batch.asked = asked_;
    batch.mode = mode;
    batch.concurrency = concurrency;
    batch.first_place = first_place_;
    batch.stream = stream;
    batch.observer = self_;
    batch.score = pipeline_->score;
    if (pipeline_->scores_programs())
      batch.programs = std::make_shared<program_scorer>();
    batch.scorer = scorer_.empty() ? scorer_program() : scorer_;
    read_.clear();
    is_at_end_ = false;
    batch.input = [this, at_end = at_end_]() -> std::optional<input_item> {
      auto item = reader_->next();
      if (item)
        return read_.emplace_back(std::move(*item));
      is_at_end_ = true;
      if (at_end)
        at_end();
      return std::nullopt;
    };
    batch.end_input = [this] { return input_has_ended_ && is_at_end_ ? &read_ : nullptr; };
    batch.finished = finished_;
    batch.journal = journal_;
    batch.saved = saved_;
    return start_batch(system_, std::move(batch));
  }

  // Everything until the run ends; returns why it ended early.
  std::string collect() {
    std::optional<std::string> end;
    while (!end)
      self_->receive(
          [&](finished_task& finished) {
            EXPECT_EQ(finished.line, to_json_line(finished.result));
            results_.push_back(std::move(finished.result));
          },
          [&](const task_begun& begun) { places_[begun.task] = begun.place; },
          [&](const answer_piece& piece) { words_[piece.task] += piece.text; },
          [&](const batch_ended& ended) { end = ended.error; },
          caf::after(std::chrono::seconds(20)) >> [&] { end = "the run hangs"; });
    return *end;
  }

  std::string run(const std::string& toml, mode mode, const std::string& lines, std::size_t concurrency = 1) {
    const auto batch = start(toml, mode, lines, concurrency); // nobody else may hold it
    return collect();
  }
};

} // namespace avp::test
