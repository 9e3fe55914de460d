// avp-run: runs a pipeline file.
#include <avp/gpu/spin_limit.hpp>
#include <avp/runtime/run_main.hpp>

int main(int argc, char** argv) {
  avp::limit_spinning(argv);
  return avp::run_main(argc, argv);
}
