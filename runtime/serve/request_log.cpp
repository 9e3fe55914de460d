// Lines as key=value, which tools for logs read.
#include "runtime/serve/request_log.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace avp {

namespace {

// In quotes where it has blanks or quotes; control characters, which could begin a line of somebody's own, as \xNN.
std::string value_of(const std::string& text) {
  constexpr std::size_t most = 300;
  const bool is_plain = !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return c > ' ' && c != '"' && c != '=' && c != '\\' && c != 0x7F;
  });
  if (is_plain && text.size() <= most)
    return text;
  std::string quoted = "\"";
  for (const char c : text.substr(0, most))
    if (c == '"' || c == '\\')
      quoted += std::string("\\") + c;
    else if (static_cast<unsigned char>(c) < ' ' || c == 0x7F)
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      quoted += c;
  return quoted + (text.size() > most ? "…\"" : "\"");
}

} // namespace

void request_log::add(const request_record_line& line, const std::vector<task_result>& results) {
  ++by_status_.at(static_cast<std::size_t>(std::clamp(line.status, 0, 599)));
  auto text = fmt::format("request method={} path={} status={} ms={:.1f}", line.method, value_of(line.path),
                          line.status, line.ms);
  if (!line.id.empty())
    text += fmt::format(" id={} model={} stream={} queue_ms={:.1f}", line.id, value_of(line.model), line.stream,
                        line.queue_ms);
  if (!results.empty()) {
    counts all;
    for (const auto& result : results)
      all += result.counts();
    text +=
        fmt::format(" mode={} task={} choices={} prompt_tokens={} cached_tokens={} latent_steps={} "
                    "completion_tokens={}",
                    name_of(results.front().mode), value_of(results.front().task), results.size(), all.prompt_tokens,
                    all.prompt_tokens - all.computed_tokens, all.latent_steps, all.output_tokens);
  }
  if (!line.error.empty())
    text += " error=" + value_of(line.error);
  spdlog::info("{}", text);
}

std::string request_log::metrics() const {
  std::string text =
      "# HELP avp_http_requests_total Requests to the API that are over, by the status of their answer.\n"
      "# TYPE avp_http_requests_total counter\n";
  for (std::size_t status = 0; status < by_status_.size(); ++status)
    if (const auto count = by_status_[status].load(); count > 0)
      text += fmt::format("avp_http_requests_total{{status=\"{}\"}} {}\n", status, count);
  text += "# HELP avp_tasks Tasks that were asked for and are not over.\n# TYPE avp_tasks gauge\n";
  text += fmt::format("avp_tasks{{state=\"running\"}} {}\n", running_.load());
  text += fmt::format("avp_tasks{{state=\"waiting\"}} {}\n", waiting_.load());
  return text;
}

} // namespace avp
