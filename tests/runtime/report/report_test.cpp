// Reports from folders: what is in them, what is missing, what is hostile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/pipeline/plan_json.hpp"
#include "runtime/report/report.hpp"
#include "runtime/report/report_error.hpp"
#include "runtime/report/series.hpp"
#include "runtime/report/timeline_chart.hpp"
#include "runtime/report/trace_times.hpp"
#include "runtime/report_main.hpp"
#include "tests/temporary_folder.hpp"

namespace avp {
namespace {

using nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

task_result result_of(const std::string& task, mode m, const std::string& text, std::optional<double> score) {
  task_result result{.task = task, .mode = m, .text = text, .expected = "14", .score = score, .ms = 1500};
  if (m != mode::direct)
    result.agents.push_back({.name = "reader", .kind = "think", .node = "local", .text = "", .ms = 500});
  result.agents.push_back({.name = "judge", .kind = "generate", .node = "local", .text = text, .ms = 1000});
  for (auto& agent : result.agents)
    agent.counts = {.prompt_tokens = 1000, .computed_tokens = 900, .latent_steps = 10, .output_tokens = 24};
  return result;
}

plan latent_plan() {
  plan planned{.mode = mode::latent, .output = "judge"};
  planned.agents = {{.name = "reader", .kind = "think", .makes_text = false},
                    {.name = "judge", .kind = "generate", .after = {"reader"}, .contexts_from = {"reader"}}};
  planned.edges = {{"reader", "judge", hand_over::context}};
  planned.notes = {"a note on the plan"};
  return planned;
}

const std::string facts = ordered_json{{"pipeline", "two"},
                                       {"command", {"avp-run", "two.toml", "--set", "x=it's"}},
                                       {"started", "2026-11-22T20:36:50Z"},
                                       {"versions", {{"avp-runtime", "0.1.0"}}},
                                       {"models", {{{"name", "main"}, {"source", "m.gguf"}, {"device", "cpu"}}}},
                                       {"plans", {to_json(latent_plan())}}}
                              .dump();

constexpr auto totals = R"({"modes": [{"mode": "latent", "seconds": 2.0}, {"mode": "text", "seconds": 5.0}],
                            "devices": [{"device": "cpu", "steps": 1234, "rows_per_step": 9.5}]})";

constexpr auto some_trace = R"([
{"name":"process_name","ph":"M","pid":1000,"args":{"name":"tasks"}},
{"name":"process_name","ph":"M","pid":1,"args":{"name":"device cpu"}},
{"name":"thread_name","ph":"M","pid":1000,"tid":1,"args":{"name":"t 1 latent"}},
{"name":"prefill","ph":"X","ts":1,"dur":2,"pid":1,"tid":1,"args":{}},
{"name":"reader think","ph":"X","ts":5000,"dur":2000,"pid":1000,"tid":1,"args":{}},
{"name":"queued","ph":"X","ts":4000,"dur":1000,"pid":1000,"tid":1,"args":{"for":"reader think"}},
{"name":"judge gener)";

std::string lines_of(const std::vector<task_result>& results) {
  std::string lines;
  for (const auto& result : results)
    lines += to_json_line(result) + "\n";
  return lines;
}

class report : public testing::Test {
protected:
  test::temporary_folder folder;

  std::string page(const std::string& results) {
    folder.write("results.jsonl", results);
    return report_html({read_run(folder.path())});
  }
};

TEST_F(report, a_whole_run) {
  folder.write("run.json", facts);
  folder.write("summary.json", totals);
  folder.write("trace.json", "[\n]\n");
  const auto html = page(lines_of({result_of("t1", mode::latent, "It is 14.", 1), result_of("t1", mode::text, "13", 0),
                                   result_of("t2", mode::latent, "14", 1), result_of("t2", mode::text, "14", 1)}));
  EXPECT_THAT(html, HasSubstr("<title>two</title>"));
  EXPECT_THAT(html, HasSubstr("avp-run two.toml --set &#39;x=it&#39;\\&#39;&#39;s&#39;"));
  EXPECT_THAT(html, HasSubstr("2026-11-22 20:36:50 UTC"));
  EXPECT_THAT(html, HasSubstr("main: m.gguf on cpu"));
  EXPECT_THAT(html, HasSubstr("1,234 forward passes, 9.5 rows each"));
  EXPECT_THAT(html, HasSubstr("<td>latent</td><td class=\"num\">2</td><td class=\"num\">0</td><td class=\"num\">2 / "
                              "2</td><td class=\"num\">100.0 %</td><td class=\"num\">34.2 to 100.0 %</td>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"num\">2.50×</td>"));
  EXPECT_THAT(html, HasSubstr("reader → judge: context"));
  EXPECT_THAT(html, HasSubstr("a note on the plan"));
  EXPECT_THAT(html, HasSubstr("data-states=\"right wrong\" data-differs"));
  EXPECT_THAT(html, HasSubstr("data-states=\"right right\">"));
  EXPECT_THAT(html, HasSubstr("Expected: <code>14</code>"));
  EXPECT_THAT(html, Not(HasSubstr("What is missing")));
  EXPECT_THAT(html, Not(HasSubstr("src=")));
  EXPECT_THAT(html, Not(HasSubstr("http://")));
  EXPECT_THAT(html, Not(HasSubstr("https://")));
  EXPECT_THAT(html, Not(HasSubstr("{{")));
}

TEST_F(report, a_strip_of_what_steps_would_have_said) {
  auto result = result_of("t1", mode::latent, "14", 1);
  auto& thought = result.agents.front().thought;
  thought.steps = {{.tokens = {{1, " <b>", 0.9}, {2, "\n", 0.05}}, .entropy = 0.4, .norm = 12.25},
                   {.tokens = {{3, "six", 0.1}}, .entropy = 4, .norm = 12, .cosine = 0.5}};
  thought.warnings = {thought_warning::same_token};
  const auto html = page(lines_of({result}));
  EXPECT_THAT(html, HasSubstr("<h5>reader would have said <span class=\"badge failed\">same_token</span></h5>"));
  EXPECT_THAT(html,
              HasSubstr("<li class=\"sure4\" title=\"entropy 0.40, norm 12.2\n0.900 &quot; &lt;b&gt;&quot;\n0.050 "
                        "&quot;\\n&quot;\">&quot; &lt;b&gt;&quot;</li><li class=\"sure0\" title=\"entropy 4.00, "
                        "norm 12.0, cosine 0.500\n0.100 &quot;six&quot;\">&quot;six&quot;</li>"));
  EXPECT_THAT(page(lines_of({result_of("t1", mode::latent, "14", 1)})), Not(HasSubstr("would have said")));
}

TEST_F(report, the_runs_own_comparison_of_modes) {
  folder.write("summary.json", R"({"comparison": {
    "scores": [{"mode": "latent", "tasks": 1, "score": 0.5, "low": 0.25, "high": 0.625},
               {"mode": "text", "tasks": 9, "score": 0, "low": 0, "high": 0}],
    "pairs": [{"first": "latent", "second": "text", "tasks": 1, "difference": 0.5, "low": -0.125, "high": 0.75,
               "first_only": 1, "second_only": 0, "p": 0.04}, {"first": 3}]}})");
  const auto html = page(lines_of({result_of("t1", mode::latent, "14", 0.5), result_of("t1", mode::text, "14", 0)}));
  EXPECT_THAT(html, HasSubstr("<td class=\"num\">25.0 to 62.5 %</td>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"num\">0.0 to 79.3 %</td>")) << "told for other tasks";
  EXPECT_THAT(html, HasSubstr("<td>latent against text</td><td class=\"num\">1</td><td class=\"num\">50.0</td>"
                              "<td class=\"num\">-12.5 to 75.0</td><td class=\"num\">1</td><td class=\"num\">0</td>"
                              "<td class=\"num\">0.040</td>"));
}

TEST_F(report, hostile_texts_stay_texts) {
  auto bad =
      result_of("</script><script>alert(1)</script>", mode::text, "\"'><img src=x onerror=alert(2)>\x1b[2J\xff", 0);
  bad.error = "{{title}} {{{script}}} <!--";
  bad.expected = "<style>*{display:none}</style>";
  bad.agents.front().error = "<i>left</i>";
  bad.agents.front().text = "]]></svg>{{#tasks}}";
  bad.agents.front().name = "<reader onload='x'>";
  const auto html = page(lines_of({bad}));
  EXPECT_THAT(html, Not(HasSubstr("alert(1)</script>")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, Not(HasSubstr("<style>*")));
  EXPECT_THAT(html, Not(HasSubstr("<reader")));
  EXPECT_THAT(html, HasSubstr("left out: &lt;i&gt;left&lt;/i&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("]]>")));
  EXPECT_THAT(html, HasSubstr("&quot;&#39;&gt;&lt;img src=x onerror=alert(2)&gt;␛[2J\xef\xbf\xbd"));
  EXPECT_THAT(html, HasSubstr("{{title}} {{{script}}} &lt;!--")) << "a text is never expanded";
  EXPECT_THAT(html, HasSubstr("default-src 'none'; style-src 'sha256-"));
  std::size_t scripts = 0;
  for (auto at = html.find("<script"); at != std::string::npos; at = html.find("<script", at + 1))
    ++scripts;
  EXPECT_EQ(scripts, 1U);
}

TEST_F(report, what_is_missing_is_said) {
  const auto html = page(lines_of({result_of("t1", mode::latent, "14", 1)}));
  EXPECT_THAT(html, HasSubstr("summary.json: missing."));
  EXPECT_THAT(html, HasSubstr("run.json: missing."));
  EXPECT_THAT(html, HasSubstr("trace.json: missing. Timelines are drawn from how long hops took."));
  EXPECT_THAT(html, Not(HasSubstr("id=\"flow\"")));
  EXPECT_THAT(html, Not(HasSubstr("id=\"scaling\"")));
  EXPECT_THAT(html, HasSubstr("id=\"timeline\""));
}

TEST_F(report, damaged_files_cost_no_more_than_themselves) {
  folder.write("run.json",
               R"({"pipeline": 7, "command": "x", "models": [3], "plans": [{"mode": "all"}], "agents": {}})");
  folder.write("summary.json", R"({"modes": {"mode": 3}, "devices": [null, {"steps": {}}]})");
  folder.write("scaling.json", R"({"over": "hops", "values": [2, 3], "fits": [{"quantity": 3}]})");
  folder.write("trace.json", "\xff\xfe garbage\n{\"name\":3}\n");
  const auto html = page(lines_of({result_of("t1", mode::latent, "14", 1)}) + "{\"task\": \"t2\", \"mode\": \"lat\n" +
                         "{\"task\":\"t3\",\"mode\":\"all\"}\n[]\n\n{\"task\"");
  EXPECT_THAT(html, HasSubstr("results.jsonl: 4 lines are no results and are left out (lines 2, 3, 4, 6)."));
  EXPECT_THAT(html, HasSubstr("run.json: its plans can&#39;t be read. The flow is left out."));
  EXPECT_THAT(html, HasSubstr("scaling.json: not as a sweep writes it; the curves are left out."));
  EXPECT_THAT(html, HasSubstr("trace.json: 2 lines are no events and are left out."));
  EXPECT_THAT(html, HasSubstr("data-states=\"right\""));
}

TEST_F(report, no_json_at_all) {
  folder.write("summary.json", "[1]");
  folder.write("run.json", "{");
  const auto html = page(lines_of({result_of("t1", mode::latent, "14", 1)}));
  EXPECT_THAT(html, HasSubstr("summary.json: no JSON object; it is left out."));
  EXPECT_THAT(html, HasSubstr("run.json: no JSON; it is left out."));
}

TEST_F(report, an_interrupted_run_without_results_yet) {
  folder.write("run.json", facts);
  const auto html = page("");
  EXPECT_THAT(html, HasSubstr("id=\"run\""));
  EXPECT_THAT(html, Not(HasSubstr("id=\"modes\"")));
  EXPECT_THAT(html, Not(HasSubstr("id=\"tasks\"")));
}

TEST_F(report, a_folder_without_a_run_is_refused) {
  EXPECT_THROW((void)read_run(folder.path()), report_error);
  EXPECT_THROW((void)read_run(folder.path() / "none"), report_error);
  EXPECT_THROW((void)read_run(folder.write("file", "x")), report_error);
}

TEST_F(report, what_is_no_file_is_not_waited_for) {
  std::filesystem::create_symlink("/dev/zero", folder.path() / "trace.json");
  std::filesystem::create_directory(folder.path() / "summary.json");
  const auto html = page(lines_of({result_of("t1", mode::latent, "14", 1)}));
  EXPECT_THAT(html, HasSubstr("trace.json: can&#39;t be opened as a file."));
  EXPECT_THAT(html, HasSubstr("summary.json: can&#39;t be opened as a file."));
}

TEST_F(report, scaling_curves_with_their_exponents) {
  ordered_json sweep = {{"over", "hops"},
                        {"values", {2, 4, 8}},
                        {"sentences", {"text grows <fast>"}},
                        {"points", ordered_json::array()},
                        {"fits", ordered_json::array()}};
  for (const auto* series : {"latent", "text", "text_unshared"}) {
    sweep["points"].push_back({{"n", 2}, {"series", series}, {"task", "a"}, {"prompt_tokens", 240}});
    sweep["fits"].push_back({{"quantity", "prompt_tokens"},
                             {"series", series},
                             {"means", {250, 500, 1000}},
                             {"exponent", 1.83},
                             {"low", 1.79},
                             {"high", nullptr},
                             {"linear", {{"constant", 0}, {"slope", 125}}},
                             {"quadratic", {{"constant", 0}, {"slope", 125}, {"square", 1}}},
                             {"favoured", nullptr}});
  }
  folder.write("scaling.json", sweep.dump());
  const auto html = page("");
  EXPECT_THAT(html, HasSubstr("text grows &lt;fast&gt;"));
  EXPECT_THAT(html, HasSubstr("Growth of prompt tokens"));
  EXPECT_THAT(html, HasSubstr("n^1.83"));
  EXPECT_THAT(html, HasSubstr("text, unshared, 8 hops: 1k"));
  EXPECT_THAT(html, HasSubstr("<td class=\"num\">1,000</td>"));
}

TEST_F(report, several_runs_side_by_side) {
  folder.write("a/r/run.json", facts);
  folder.write("a/r/results.jsonl", lines_of({result_of("t1", mode::latent, "14", 1)}));
  folder.write("b/r/results.jsonl",
               lines_of({result_of("t1", mode::latent, "15", 0), result_of("t9", mode::latent, "1", 0)}));
  write_report({folder.path() / "a/r", folder.path() / "b/r"}, folder.path() / "both.html");
  std::ifstream file(folder.path() / "both.html");
  const std::string html(std::istreambuf_iterator<char>(file), {});
  EXPECT_THAT(html, HasSubstr("<td>r · latent</td>"));
  EXPECT_THAT(html, HasSubstr("<td>r (2) · latent</td>"));
  EXPECT_THAT(html, HasSubstr("data-states=\"right wrong\" data-differs><summary><b>t1</b>"));
  EXPECT_THAT(html, HasSubstr("data-states=\"none wrong\"><summary><b>t9</b>"));
  EXPECT_THAT(html, HasSubstr("r (2): run.json: missing."));
  folder.write("b/r/run.json", facts);
  const auto same = report_html({read_run(folder.path() / "a/r"), read_run(folder.path() / "b/r")});
  EXPECT_THAT(same, HasSubstr("<figcaption>r · latent, r (2) · latent</figcaption>"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "both.html.part"));
}

TEST_F(report, a_large_run_is_capped_and_says_so) {
  std::vector<task_result> results;
  for (int i = 0; i < 80; ++i) {
    results.push_back(result_of("t" + std::to_string(i), mode::text, std::string(7000, 'x'), 1));
    results.back().agents.front().text = std::string(200000, 'y');
  }
  const auto html = page(lines_of(results));
  EXPECT_THAT(html, HasSubstr("(7,000 bytes in all: see results.jsonl)"));
  EXPECT_THAT(html, HasSubstr("From task 42 on only the answers are shown"));
  EXPECT_THAT(html, HasSubstr("The first 60 of 80 tasks are shown; trace.json has them all."));
  EXPECT_LT(html.size(), std::size_t{3} << 20);
}

TEST_F(report, the_program) {
  const auto run = [](std::vector<const char*> words) {
    return report_main(static_cast<int>(words.size()), words.data());
  };
  folder.write("results.jsonl", lines_of({result_of("t1", mode::latent, "14", 1)}));
  const auto path = folder.path().string();
  testing::internal::CaptureStdout();
  EXPECT_EQ(run({"avp-report", path.c_str()}), 0);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), path + "/report.html\n");
  EXPECT_TRUE(std::filesystem::exists(path + "/report.html"));
  testing::internal::CaptureStderr();
  EXPECT_EQ(run({"avp-report", path.c_str(), path.c_str()}), 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("-o FILE"));
  testing::internal::CaptureStderr();
  EXPECT_EQ(run({"avp-report", (path + "/no").c_str()}), 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("is no folder; give the folder that a run left"));
  testing::internal::CaptureStderr();
  EXPECT_EQ(run({"avp-report", path.c_str(), "-o", (path + "/no/such/file").c_str()}), 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("cannot write '"));
}

TEST(read_results, the_later_of_two_lines_counts) {
  std::istringstream lines(lines_of({result_of("t1", mode::latent, "13", 0), result_of("t1", mode::text, "13", 0),
                                     result_of("t1", mode::latent, "14", 1)}));
  const auto read = read_results(lines);
  ASSERT_EQ(read.results.size(), 2U);
  EXPECT_EQ(read.results[0].text, "14");
  EXPECT_TRUE(read.unreadable.empty());
}

TEST(plan_json, comes_back) {
  const auto object = to_json(latent_plan());
  EXPECT_EQ(to_json(plan_from_json(object)), object);
  EXPECT_THROW((void)plan_from_json({{"mode", "all"}}), nlohmann::json::exception);
}

TEST(read_trace, slices_of_tasks_from_their_first) {
  std::istringstream text(some_trace);
  const auto read = read_trace(text);
  EXPECT_EQ(read.unreadable, 0U) << "a torn line of no known process is passed over";
  ASSERT_EQ(read.times.size(), 1U);
  const auto& slices = read.times.at({"t 1", mode::latent});
  ASSERT_EQ(slices.size(), 2U);
  EXPECT_EQ(slices[0].what, "queued");
  EXPECT_EQ(slices[0].agent, "reader");
  EXPECT_EQ(slices[0].start_ms, 0);
  EXPECT_EQ(slices[0].end_ms, 1);
  EXPECT_EQ(slices[1].what, "think");
  EXPECT_EQ(slices[1].end_ms, 3);
}

TEST_F(report, a_resumed_run_has_several_traces) {
  folder.write("trace.json", some_trace);
  std::string later = some_trace;
  later.replace(later.find("\"dur\":2000"), 10, "\"dur\":9000");
  folder.write("trace-2.json", later);
  folder.write("results.jsonl", lines_of({result_of("t 1", mode::latent, "14", 1)}));
  EXPECT_EQ(read_run(folder.path()).times.at({"t 1", mode::latent}).back().end_ms, 10);
}

TEST(slices_from_hops, the_plan_says_who_waits_for_whom) {
  task_result result;
  result.agents = {{.name = "a", .ms = 100}, {.name = "b", .ms = 300}, {.name = "c", .ms = 50}};
  plan planned;
  planned.agents = {{.name = "a"}, {.name = "b"}, {.name = "c", .after = {"a", "b"}}};
  const auto starts = [](const std::vector<request_slice>& slices) {
    std::vector<double> times;
    for (const auto& slice : slices)
      times.push_back(slice.start_ms);
    return times;
  };
  EXPECT_THAT(starts(slices_from_hops(result, &planned)), ElementsAre(0, 0, 300));
  EXPECT_THAT(starts(slices_from_hops(result, nullptr)), ElementsAre(0, 100, 400));
}

TEST(series_of, sums_by_mode_and_agent) {
  recorded_run run;
  run.totals = ordered_json::parse(totals);
  run.plans = {latent_plan()};
  run.results = {result_of("t1", mode::text, "", 0.5), result_of("t1", mode::latent, "", std::nullopt),
                 result_of("t2", mode::text, "", 1)};
  const auto all = series_of({run});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].label, "latent");
  EXPECT_FALSE(all[0].mean_score());
  EXPECT_EQ(all[0].seconds, 2.0);
  EXPECT_EQ(all[1].mean_score(), 0.75);
  EXPECT_EQ(all[1].right, 1);
  EXPECT_EQ(all[1].tokens(), 4 * 1034);
  ASSERT_EQ(all[1].agents.size(), 2U);
  EXPECT_EQ(all[1].agents[1].name, "judge");
  EXPECT_EQ(all[1].agents[1].hops, 2);
  EXPECT_EQ(all[1].agents[1].ms, 2000);
}

} // namespace
} // namespace avp
