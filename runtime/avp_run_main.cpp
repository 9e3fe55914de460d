// avp-run: runs a pipeline file.
#include <avp/runtime/run_main.hpp>

int main(int argc, char** argv) { return avp::run_main(argc, argv); }
