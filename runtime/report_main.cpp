// avp-report, from arguments to exit status.
#include "runtime/report_main.hpp"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "runtime/os/standard_output.hpp"
#include "runtime/report/report.hpp"
#include "runtime/report/report_error.hpp"
#include "transport/program_arguments.hpp"

namespace avp {

int report_main(int argc, const char* const* argv) {
  CLI::App app("Makes report.html from what runs of avp-run left.", "avp-report");
  app.set_version_flag("--version", "avp-report " AVP_VERSION);
  std::vector<std::filesystem::path> folders;
  std::filesystem::path file;
  app.add_option("RUN", folders, "Folders that runs left; several ones are compared in one report")->required();
  app.add_option("-o,--output", file, "The file to write (default: report.html in the folder of a single run)");
  const auto check_together = [&] {
    if (folders.size() > 1 && file.empty())
      throw CLI::ValidationError("with several runs, say where their report goes: -o FILE");
  };
  if (const auto status = parse_arguments(app, argc, argv, check_together))
    return *status;
  try {
    if (file.empty())
      file = folders.front() / "report.html";
    write_report(folders, file);
    write_stdout(file.string() + "\n");
    return 0;
  } catch (const report_error& error) {
    std::fprintf(stderr, "avp-report: %s\n", error.what());
    return bad_arguments;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "avp-report: %s\n", error.what());
    return 1;
  }
}

} // namespace avp
