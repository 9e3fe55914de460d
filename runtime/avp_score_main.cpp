// avp-score: scores answers.
#include "runtime/score_main.hpp"

int main(int argc, char** argv) { return avp::score_main(argc, argv); }
