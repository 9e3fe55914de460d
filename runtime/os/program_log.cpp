// The form of the lines by spdlog.
#include "runtime/os/program_log.hpp"

#include <memory>
#include <string_view>
#include <utility>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace avp {

namespace {

/// "warning: " before a warning, else nothing.
class warning_word : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& written) override {
    constexpr std::string_view word = "warning: ";
    if (message.level == spdlog::level::warn)
      written.append(word.data(), word.data() + word.size());
  }

  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<warning_word>();
  }
};

} // namespace

void log_as(const std::string& program) {
  if (spdlog::get(program))
    return;
  auto form = std::make_unique<spdlog::pattern_formatter>();
  form->add_flag<warning_word>('*').set_pattern("%^" + program + ":%$ %*%v");
  auto logger = spdlog::stderr_color_mt(program);
  logger->set_formatter(std::move(form));
  spdlog::set_default_logger(std::move(logger));
}

} // namespace avp
