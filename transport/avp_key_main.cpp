// avp-key: makes the keys by which nodes know each other.
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "transport/link/cluster_keys.hpp"
#include "transport/link/curve_keys.hpp"
#include "transport/program_arguments.hpp"

namespace {

int refuse(const avp::error& error) {
  std::cerr << "avp-key: " << avp::to_string(error.code) << ": " << error.message << '\n';
  return avp::bad_arguments;
}

int new_pair(const std::string& name) {
  const auto pair = avp::new_key_pair();
  const auto written = pair.and_then([&](const avp::key_pair& p) { return avp::write_key_pair(p, name); });
  if (!written)
    return refuse(written.error());
  std::cout << pair->public_key << '\n';
  return 0;
}

int new_cluster(const std::vector<std::string>& nodes, const std::filesystem::path& folder, int days) {
  const auto made = avp::make_cluster_keys(nodes, folder, days);
  if (!made)
    return refuse(made.error());
  for (const auto& node : nodes)
    std::cout << (folder / node).string() << '\n';
  return 0;
}

// What was printed may not have been written yet.
int written(int status) {
  if (status != 0 || std::cout.flush())
    return status;
  std::cerr << "avp-key: Standard output cannot be written.\n";
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app("Makes the keys by which nodes know each other.", "avp-key");
  app.set_version_flag("--version", "avp-key " AVP_VERSION);
  app.require_subcommand(1);
  std::string name;
  auto* fresh = app.add_subcommand("new", "Write NAME.key (secret) and NAME.pub (public) for one CURVE link");
  fresh->add_option("NAME", name, "Path without ending")->required();
  std::vector<std::string> nodes;
  std::filesystem::path folder = "keys";
  int days = 3650;
  auto* cluster = app.add_subcommand("cluster", "Write a folder with all keys for each node of a cluster");
  cluster->add_option("--nodes", nodes, "Names of all machines, that of avp-run included: local,b,c")
      ->required()
      ->delimiter(',');
  cluster->add_option("--out", folder, "Where the folders are made")->capture_default_str();
  cluster->add_option("--days", days, "How long certificates are valid")
      ->capture_default_str()
      ->check(CLI::Range(1, 36500));
  if (const auto status = avp::parse_arguments(app, argc, argv))
    return *status;
  return written(fresh->parsed() ? new_pair(name) : new_cluster(nodes, folder, days));
}
