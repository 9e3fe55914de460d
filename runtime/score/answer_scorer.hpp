// Scores answers of any kind, texts and programs alike.
#pragma once

#include <optional>
#include <string>

#include "runtime/score/program_scorer.hpp"
#include "runtime/score/scorer_process.hpp"

namespace avp {

/// Texts are scored in a process of their own, programs in the sandbox. Used on one thread.
class answer_scorer {
public:
  explicit answer_scorer(std::filesystem::path scorer) : texts_(std::move(scorer)) {}

  /// The score; nothing where there is none to give. `task.tests` is what is expected, and what only programs have
  /// counts for them alone. Throws scorer_error, and sandbox_error where programs can't be run.
  [[nodiscard]] std::optional<double> score(score_kind kind, const program_task& task) {
    if (kind != score_kind::python)
      return texts_.score(kind, task.answer, task.tests);
    if (!programs_)
      programs_.emplace();
    return programs_->score(task);
  }

private:
  scorer_process texts_;
  std::optional<program_scorer> programs_;
};

} // namespace avp
