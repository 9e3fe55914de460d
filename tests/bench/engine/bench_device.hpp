// A device actor with one model, and questions that wait for their answers.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include "gpu/context.hpp"
#include "gpu/device_actor.hpp"
#include "tests/bench/engine/recorder.hpp"

namespace avp::bench {

/// What every benchmark can choose.
struct device_options {
  std::string model;               ///< Catalogue name, .gguf file or directory.
  std::string format = "bfloat16"; ///< float32, bfloat16, native, int8 or int4.
  int threads = 0;                 ///< 0: the machine's cores.
  std::int64_t kv_memory = 0;      ///< Bytes; 0: the device's own choice.
  bool prefix_sharing = false;     ///< Off unless wanted: a second round must not find the first one's prompts.
  bool keep_records = true;        ///< Whether the recorder keeps steps and requests.
  bool drafts = false;             ///< Whether the model is there a second time, under `drafting_name`.
  std::string draft_model;         ///< Which guesses for it then, as `model`; empty: none.
};

/// The name of the model in requests.
inline constexpr auto model_name = "main";

/// The name of the same model with draft = "prompt", or with that of the model that guesses.
inline constexpr auto drafting_name = "drafting";

/// Bytes per element of the KV-cache that a format has when nothing is said about it.
[[nodiscard]] std::int64_t kv_element_bytes(const std::string& format);

/// Starts the device and ends it with itself.
class bench_device {
public:
  /// Loads the model. Throws model_error.
  explicit bench_device(const device_options& options);
  ~bench_device();
  bench_device(const bench_device&) = delete;
  bench_device& operator=(const bench_device&) = delete;

  [[nodiscard]] caf::actor_system& system() { return system_; }
  [[nodiscard]] const device_actor& actor() const { return actor_; }
  [[nodiscard]] avp::bench::recorder& records() { return *records_; }

  /// Asks and waits. Throws std::runtime_error with the device's reason.
  result ask(think request);
  result ask(generate request);

  /// Asks all at once and waits for all; answers in the order of the requests.
  std::vector<result> ask_all(const std::vector<think>& requests);
  std::vector<result> ask_all(const std::vector<generate>& requests);

  /// A user message that is rendered to exactly `tokens` tokens and ends with `tail`. Asks the device how long
  /// messages are, the first time. Throws std::runtime_error when the tail alone is longer, or the template gives no
  /// such length.
  const std::string& text_of_length(std::int64_t tokens, const std::string& tail);

private:
  caf::actor_system_config config_;
  caf::actor_system system_;
  std::shared_ptr<recorder> records_;
  device_actor actor_;
  std::map<std::pair<std::int64_t, std::string>, std::string> texts_; // made by text_of_length
};

/// A request with one user message, an id and the model's name filled in.
template <class Request>
Request request_of(const std::string& text) {
  Request request;
  request.id = next_request_id();
  request.model = model_name;
  request.messages = {{"user", text}};
  return request;
}

/// A greedy request for an answer.
[[nodiscard]] generate greedy(const std::string& text, int tokens);

/// The history of an answer's context.
[[nodiscard]] const recipe& history_of(const result& answer);

} // namespace avp::bench
