// The agent in a runner of one's own, which takes the arguments of avp-run.
#include "calculator_agent.hpp"
#include <avp/gpu/spin_limit.hpp>
#include <avp/runtime/run_main.hpp>

int main(int argc, char** argv) {
  avp::limit_spinning(argv);
  avp::registry kinds;
  kinds.add<calculator::calculator_agent>("calculator");
  return avp::run_main(argc, argv, kinds);
}
