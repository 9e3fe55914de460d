// avp-model: lists, fetches and describes models.
#include "runtime/model_main.hpp"

int main(int argc, char** argv) { return avp::model_main(argc, argv); }
