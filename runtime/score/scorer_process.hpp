// Scores texts in a process of its own, which may crash, hang or use up its memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "gpu/user_error.hpp"
#include "runtime/score/score.hpp"

namespace avp {

/// Says why an answer has no score: how the scorer ended, or which limit it met.
class scorer_error : public user_error {
public:
  using user_error::user_error;
};

/// What the scoring of one answer may take.
struct scorer_limits {
  std::chrono::milliseconds cpu{5000};         ///< Processor time.
  std::chrono::milliseconds wall{60000};       ///< Time that goes by, for one that waits for something.
  std::int64_t memory = std::int64_t{1} << 30; ///< Address space of the process, in bytes.
};

/// The program avp-score, beside this library or this program, or in the folder of programs that belongs to the
/// library's. Throws scorer_error where it is in none of them.
[[nodiscard]] std::filesystem::path scorer_program();

/// A scorer (`avp-score --serve`), spoken to in lines of JSON: `{"kind", "answer", "expected"}` there, `{"score"}` or
/// `{"error"}` back. It is started with the first answer, and anew after one that it did not survive. Used on one
/// thread, and dies with that.
class scorer_process {
public:
  explicit scorer_process(std::filesystem::path program, scorer_limits limits = {});
  scorer_process(const scorer_process&) = delete;
  scorer_process& operator=(const scorer_process&) = delete;

  /// Ends it.
  ~scorer_process();

  /// What score() gives. Throws scorer_error where the scorer crashes, fails, or meets a limit on this answer: one that
  /// crashes after other answers gets it once more in a new process, so that no answer pays for another. Blocks for up
  /// to the limits.
  [[nodiscard]] std::optional<double> score(score_kind kind, std::string_view answer, std::string_view expected);

  /// Its process, or 0 where none runs.
  [[nodiscard]] pid_t process() const { return process_; }

private:
  void start();
  void stop();
  void wait_for_end() const;
  std::optional<std::string> ask(std::string_view line);
  bool send_some(std::string_view& line);
  bool read_some(std::string& reply);
  void check_time(std::chrono::steady_clock::time_point began, std::chrono::nanoseconds used_before);
  [[nodiscard]] std::chrono::nanoseconds used_time() const;

  std::filesystem::path program_;
  scorer_limits limits_;
  pid_t process_ = 0;
  int socket_ = -1;
  int answers_ = 0;   ///< That the process has scored.
  std::string ended_; ///< How the last process ended.
};

} // namespace avp
