// Tasks of a batch: one for every record that is read.
#include "runtime/run/batch_state.hpp"

#include <caf/send.hpp>

#include "agents/prompt_template.hpp"
#include "gpu/device_error.hpp"
#include "gpu/thrown.hpp"

namespace avp {

namespace {

const std::string& name_of_task(const input_item& item) {
  return std::visit([](const auto& one) -> const std::string& { return one.id; }, item);
}

} // namespace

void batch_state::start(batch_config config) {
  config_ = std::move(config);
  stage_ = variant_text(config_.mode, config_.sweep);
  next_place_ = config_.first_place;
  self_->monitor(config_.asked);
  self_->request(config_.asked, caf::infinite, when_broken{})
      .then(
          [this](const pipeline_broken& broken) {
            fatal_ = fatal_.empty() ? broken.why.text : fatal_;
            end_if_idle();
          },
          [](const caf::error&) {}); // its down message tells
  feed_ = std::make_unique<record_feed>(config_.input, [self = batch_interface(self_)](fed_item item) {
    caf::anon_send(self, new_item{std::move(item)});
  });
  start_scorer();
  for (std::size_t i = 0; i < config_.concurrency; ++i)
    feed_->want();
}

void batch_state::take(fed_item& fed) {
  if (auto* failure = std::get_if<std::string>(&fed)) {
    fatal_ = fatal_.empty() ? *failure : fatal_; // what runs is finished
    return end_if_idle();
  }
  auto& item = std::get<std::optional<input_item>>(fed);
  if (!item) {
    input_ended_ = true;
    keep_end();
    return end_if_idle();
  }
  const auto number = records_read_++;
  if (config_.journal)
    config_.journal->add(number, *item);
  if (ended_ || !fatal_.empty() || input_ended_)
    return;
  if (config_.finished.contains(name_of_task(*item)))
    feed_->want();
  else if (auto* line = std::get_if<bad_line>(&*item))
    fail_line(*line);
  else
    begin(std::get<record>(*item));
}

void batch_state::stop() {
  input_ended_ = true;
  end_if_idle();
}

void batch_state::fail_line(const bad_line& line) {
  const auto where = line.column > 0 ? "column " + std::to_string(line.column) + ": " : ""; // the id is the line
  report(failed_result(line.id, {error_code::bad_request, where + line.message}));
  end_if_idle();
}

void batch_state::begin(const record& one) {
  const auto place = next_place_++;
  asked_[place].id = one.id;
  caf::anon_send(config_.observer, task_begun{one.id, place});
  try {
    ask(place, config_.fill ? config_.fill(one) : one);
  } catch (...) {
    fail(place, failure_of(std::current_exception()));
  }
}

void batch_state::ask(std::uint64_t place, const record& one) {
  task_input input{.id = one.id, .fields = template_values(one.fields), .place = place};
  input.prefix_scope = config_.prefix_scope;
  if (config_.score) {
    try {
      asked_[place].setup = prompt_template(config_.score->setup).render(input.fields).text();
      asked_[place].expected = prompt_template(config_.score->expected).render(input.fields).text();
    } catch (const missing_variable&) { // a record without that field is run and not scored
    }
  }
  if (auto saved = config_.saved.extract(one.id))
    for (auto& hop : saved.mapped())
      input.done.push_back(std::move(hop));
  if (config_.stream)
    input.on_text = [observer = config_.observer, task = one.id](std::string_view text) {
      caf::anon_send(observer, answer_piece{task, std::string(text)});
    };
  if (config_.journal)
    input.on_hop = [self = batch_interface(self_), task = one.id](const ended_hop& hop) {
      caf::anon_send(self, hop_of_task{task, hop});
    };
  self_->request(config_.asked, caf::infinite, std::move(input))
      .then([this, place](task_result& result) { answered(place, result); },
            [this, place](const caf::error& error) { not_answered(place, error); });
}

void batch_state::keep(const hop_of_task& ended) { config_.journal->add(ended.task, stage_, ended.hop); }

void batch_state::answered(std::uint64_t place, task_result& result) {
  auto asked = asked_.extract(place);
  if (!asked)
    return;
  result.sweep = config_.sweep;
  result.expected = asked.mapped().expected;
  if (result.ok() && result.expected)
    return score(std::move(asked.mapped()), std::move(result));
  report(std::move(result));
  end_if_idle();
}

// A pipeline that was gone already has not begun the task; its down message, which comes later, tells why.
void batch_state::not_answered(std::uint64_t place, const caf::error& error) {
  if (error != caf::sec::request_receiver_down)
    return fail(place, failure_of(error));
  asked_.erase(place);
  is_pipeline_gone_ = true;
  end_if_idle();
}

void batch_state::fail(std::uint64_t place, const failure& why) {
  auto asked = asked_.extract(place);
  if (!asked)
    return;
  auto result = failed_result(asked.mapped().id, why);
  result.expected = asked.mapped().expected;
  report(std::move(result));
  end_if_idle();
}

task_result batch_state::failed_result(const std::string& task, const failure& why) const {
  task_result result;
  result.task = task;
  result.mode = config_.mode;
  result.sweep = config_.sweep;
  result.fail(why);
  return result;
}

void batch_state::down(const caf::down_msg& message) {
  if (message.source != config_.asked)
    return;
  const auto [code, reason] = failure_of(message.reason);
  if (fatal_.empty())
    fatal_ = "the pipeline's actor died (" + reason + ")";
  while (!asked_.empty()) // it has not answered them as it should
    fail(asked_.begin()->first, {code, fatal_});
  end_if_idle();
}

void batch_state::report(task_result result) {
  auto line = to_json_line(result);
  if (config_.journal) {
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - started_;
    config_.journal->add(saved_result{result.task, stage_, line, config_.earlier_seconds + spent.count()});
  }
  caf::anon_send(config_.observer, finished_task{std::move(result), std::move(line)});
  if (!input_ended_ && fatal_.empty())
    feed_->want();
}

// The end, and what was read and did not come here any more: where the batch ends early, the feed may be ahead of it.
void batch_state::keep_end() {
  const auto* all = config_.journal && config_.end_input ? config_.end_input() : nullptr;
  if (all == nullptr)
    return;
  for (std::size_t i = 0; i < all->size(); ++i)
    config_.journal->add(i, (*all)[i]);
  config_.journal->add_end(all->size());
}

void batch_state::end_if_idle() {
  const bool has_more = (!input_ended_ || is_pipeline_gone_) && fatal_.empty();
  if (ended_ || !asked_.empty() || being_scored_ > 0 || has_more)
    return;
  ended_ = true;
  keep_end();
  caf::anon_send(config_.observer, batch_ended{fatal_});
  self_->quit();
}

} // namespace avp
