// Agents inside their actor, on a device that answers by rule.
#pragma once

#include <gtest/gtest.h>

#include "agents/agent_actor.hpp"
#include "tests/agents/fake_device.hpp"

namespace avp::test {

class agent_actor_test : public fake_device_test {
protected:
  static agent_spec spec(const std::string& kind) {
    agent_spec made;
    made.name = "critic";
    made.kind = kind;
    made.model = "main";
    made.system = "Be {{manner}}.";
    made.steps = 7;
    made.max_new_tokens = 33;
    made.stop = {"END"};
    made.time_limit = 2.5;
    return made;
  }

  static hop_input input(const std::string& prompt, const std::string& id = "t1") {
    auto made = std::make_shared<task>();
    made->id = id;
    made->fields = {{"question", "6 x 7?"}, {"manner", "kind"}};
    made->run_seed = 42;
    made->place = 17;
    hop_input hop;
    hop.task = made;
    hop.prompt = std::make_shared<prompt_template>(prompt);
    return hop;
  }

  agent_actor start(const agent_spec& made) { return start_agent(system_, kinds_, made, device_); }

  void stop(const agent_actor& actor) { self_->send_exit(actor, caf::exit_reason::user_shutdown); }
};

} // namespace avp::test
