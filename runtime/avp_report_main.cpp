// avp-report: makes report.html from what runs left.
#include "runtime/report_main.hpp"

int main(int argc, char** argv) { return avp::report_main(argc, argv); }
