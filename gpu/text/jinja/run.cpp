// What one rendering may do, and has done.
#include "gpu/text/jinja/run.hpp"

#include <string>
#include <utility>

namespace avp::jinja {

namespace {

thread_local run* run_of_thread = nullptr;

} // namespace

run::run(const limits& allowed) : allowed_(allowed), before_(std::exchange(run_of_thread, this)) {}

run::~run() {
  run_of_thread = before_;
  for (const auto& thing : kept_)
    thing->clear();
}

void run::spend(std::size_t steps) {
  if (steps > allowed_.steps - steps_)
    throw limit_fault("the template takes more than " + std::to_string(allowed_.steps) + " steps; is a loop too long?");
  steps_ += steps;
}

void run::spend_here(std::size_t steps) {
  if (run_of_thread != nullptr)
    run_of_thread->spend(steps);
}

void run::check_text(std::size_t bytes) const {
  if (bytes > allowed_.text_bytes)
    throw limit_fault("the template makes a text of " + std::to_string(bytes) + " bytes, but at most " +
                      std::to_string(allowed_.text_bytes) + " are allowed");
}

void run::spend_text(std::size_t bytes) {
  check_text(bytes);
  spend(bytes / 64);
}

value run::text(marked_text made) {
  spend_text(made.text().size());
  return {std::move(made)};
}

void run::enter() {
  if (depth_ >= allowed_.depth)
    throw limit_fault("expressions, statements and macros lie in one another more than " +
                      std::to_string(allowed_.depth) + " levels deep; does a macro call itself for ever?");
  ++depth_;
}

} // namespace avp::jinja
