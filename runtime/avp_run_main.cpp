// avp-run: runs a pipeline file.
#include "gpu/spin_limit.hpp"
#include "runtime/run_main.hpp"

int main(int argc, char** argv) {
  avp::limit_spinning(argv);
  return avp::run_main(argc, argv);
}
