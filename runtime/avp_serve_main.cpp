// avp-serve: pipelines behind the OpenAI API.
#include "gpu/spin_limit.hpp"
#include "runtime/serve_main.hpp"

int main(int argc, char** argv) {
  avp::limit_spinning(argv);
  return avp::serve_main(argc, argv);
}
