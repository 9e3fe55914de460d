// Engines on the tiny model, and the requests that tests send them.
#pragma once

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "gpu/device_error.hpp"
#include "gpu/engine/engine.hpp"
#include "tests/gpu/engine/runnable_model.hpp"
#include "tests/temporary_folder.hpp"

namespace avp::test {

/// Bytes of KV-cache of one position of the tiny model: 2 layers, 2 key heads of 8 float32 values.
constexpr std::int64_t tiny_position_bytes = 2 * 2 * 2 * 8 * 4;

/// A test with engines of its own. Requests run until the engine has nothing more to do.
class tiny_engine_test : public testing::Test {
protected:
  temporary_folder folder_;

  /// `positions`: for how many there is memory, where the cache holds float32.
  engine make(std::optional<std::int64_t> positions = {}, std::shared_ptr<device_observer> observer = {},
              std::optional<data_type> kv_dtype = {}, std::uint64_t weights_seed = 7) {
    auto gguf = runnable_gguf("qwen2", weights_seed);
    gguf.u32("qwen2.context_length", 1024);
    device_config config;
    config.models = {write_model(gguf, folder_.path() / ("tiny" + std::to_string(weights_seed) + ".gguf"))};
    config.models.front().kv_dtype = kv_dtype;
    if (positions)
      config.kv_memory = *positions * tiny_position_bytes;
    config.observer = std::move(observer);
    return engine(config);
  }

  static think thinking(const std::string& text, int steps, const payload& context = {}) {
    think work;
    work.id = next_request_id();
    work.model = "main";
    work.messages = {{"user", text}};
    work.context = context;
    work.steps = steps;
    return work;
  }

  static generate generating(const std::string& text, int tokens, const payload& context = {}) {
    generate work;
    work.id = next_request_id();
    work.model = "main";
    if (!text.empty())
      work.messages = {{"user", text}};
    work.context = context;
    work.max_new_tokens = tokens;
    work.sampling.temperature = 0;
    return work;
  }

  static join joining(std::vector<payload> contexts, merge how = merge::concatenate) {
    join work;
    work.id = next_request_id();
    work.model = "main";
    work.contexts = std::move(contexts);
    work.merge = how;
    return work;
  }

  static rebuild rebuilding(std::shared_ptr<const recipe> history) {
    rebuild work;
    work.id = next_request_id();
    work.model = "main";
    work.history = std::move(history);
    return work;
  }

  static adopt adopting(std::shared_ptr<const recipe> history, const payload& base, const payload& slice) {
    adopt work;
    work.id = next_request_id();
    work.model = "main";
    work.history = std::move(history);
    work.base = base;
    work.slice = slice;
    return work;
  }

  static void drain(engine& on) {
    while (on.step()) {
    }
  }

  static engine::outcome outcome_of(engine& on, engine::work work) {
    std::optional<engine::outcome> outcome;
    on.submit(std::move(work), [&](engine::outcome came) {
      EXPECT_FALSE(outcome.has_value()) << "answered twice";
      outcome = std::move(came);
    });
    drain(on);
    if (!outcome)
      throw std::runtime_error("not answered");
    return *outcome;
  }

  static result run(engine& on, engine::work work) {
    auto outcome = outcome_of(on, std::move(work));
    if (auto* error = std::get_if<caf::error>(&outcome))
      throw std::runtime_error(text_of(*error));
    return std::get<result>(std::move(outcome));
  }

  static std::string failure(engine& on, engine::work work, error_code code) {
    auto outcome = outcome_of(on, std::move(work));
    if (!std::holds_alternative<caf::error>(outcome)) {
      ADD_FAILURE() << "expected an error";
      return "";
    }
    const auto& error = std::get<caf::error>(outcome);
    EXPECT_EQ(name_of(failure_of(error).code), name_of(code));
    return text_of(error);
  }

  static const kv_context& context_of(const result& from) {
    return dynamic_cast<const kv_context&>(*from.context.body);
  }

  static const std::vector<std::int32_t>& tokens_of(const result& from) {
    return context_of(from).history()->generated;
  }

  /// Takes the memory of all contexts back, for which there must be `positions`: a request needs it all.
  static void evict_all(engine& on, std::int64_t positions) {
    const auto empty = run(on, thinking("", 0)).counts.prompt_tokens;
    (void)run(on, thinking(std::string(static_cast<std::size_t>(positions - empty), 'x'), 0));
    drain(on);
  }
};

} // namespace avp::test
