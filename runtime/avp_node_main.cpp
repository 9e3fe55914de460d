// avp-node: does hops of other machines' runs on the devices of this one.
#include "gpu/spin_limit.hpp"
#include "runtime/node/node_main.hpp"

int main(int argc, char** argv) {
  avp::limit_spinning(argv);
  return avp::node_main(argc, argv, {});
}
