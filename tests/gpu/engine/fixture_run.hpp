// A case of the engine fixtures, run: what was thought, as numbers with names.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "gpu/engine/engine.hpp"

namespace avp::test {

/// Something measured: the values of a vector that is known by its name, and how far from those of another program they
/// may be where nothing amplifies rounding.
struct reading {
  enum class distance : std::uint8_t {
    relative, ///< |ours − theirs| / |theirs|, of the vectors.
    greatest, ///< Of the differences of their values.
  };

  std::string name; ///< "agent 2: key of layer 3, head 0, position 17"
  std::vector<double> values;
  double allowed = 0;
  distance by = distance::relative;
};

/// How far one is from the other of the same name. Infinite where one is not there (no values).
[[nodiscard]] double distance(const reading& ours, const reading& theirs);

/// An engine with one model in float32.
class fixture_engine {
public:
  explicit fixture_engine(const std::filesystem::path& model);

  /// Runs a request among strangers, of which `each` arrive before and `each` after it.
  template <class Work>
  result run(const Work& work, int each) {
    std::optional<result> answer;
    for (int i = 0; i < each; ++i)
      send_stranger(i);
    engine_.submit(work, [&](engine::outcome outcome) { answer = std::get<result>(std::move(outcome)); });
    for (int i = 0; i < each; ++i)
      send_stranger(i + each);
    while (!answer)
      engine_.step();
    for (auto id : strangers_)
      engine_.cancel(id);
    strangers_.clear();
    return *answer;
  }

  [[nodiscard]] const loaded_model& model() const { return engine_.model("main"); }

private:
  void send_stranger(int number);

  engine engine_;
  std::vector<request_id> strangers_;
};

/// Mistakes that are made on purpose.
struct planted_fault {
  bool drop_position = false;    ///< The first agent hands on its context without its first position.
  bool one_step_too_few = false; ///< Of the latent steps of each agent.
};

/// What became of the thinking agents of a case.
struct case_run {
  std::vector<result> thoughts;
  std::vector<reading> readings; ///< Hidden states, norms and samples of keys and values, first logits.
};

/// Runs all thinking agents of a case and reads the last agent's messages, of whose logits there are readings, too.
[[nodiscard]] case_run run_case(fixture_engine& engine, const nlohmann::json& fixture, int strangers,
                                const planted_fault& fault = {});

/// The same readings as the fixture has them, with what is allowed.
[[nodiscard]] std::vector<reading> expected_readings(const nlohmann::json& fixture);

/// The messages of an agent of a case.
[[nodiscard]] std::vector<chat_message> messages_of(const nlohmann::json& agent);

} // namespace avp::test
