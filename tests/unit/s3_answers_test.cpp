// What S3 stores answer with, and what is not taken for an answer.
#include "sinks/s3/answers.hpp"

#include <doctest/doctest.h>

#include "harness/error_code.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {
namespace {

using namespace s3;

const std::string kDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const std::string kOpen = "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";

ListPage page(const std::string& inner) {
  return parse_list_page(to_bytes(kDeclaration + kOpen + inner + "</ListBucketResult>"));
}

std::optional<ErrorCode> code_of_page(const std::string& text) {
  return code_of([&] { (void)parse_list_page(to_bytes(text)); });
}

}  // namespace

TEST_CASE("s3 answers: a page of version 2") {
  const ListPage found = page(
      "<KeyCount>2</KeyCount><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
      "<NextContinuationToken>1/+=</NextContinuationToken>"
      "<Contents><Key>a%2Fb+c%2B</Key><Size>5</Size></Contents><Contents><Key>b</Key><Size>0</Size></Contents>");
  CHECK(found.objects == std::vector<ListedObject>{{"a/b c+", 5}, {"b", 0}});
  CHECK(found.truncated);
  CHECK(found.next == "1/+=");
  CHECK_FALSE(found.is_version_1);
}

TEST_CASE("s3 answers: a page of version 1 goes on after its last key, or where it says") {
  const std::string entry = "<Contents><Key>k&amp;1</Key><Size>5</Size></Contents>";
  CHECK(page("<Marker/><IsTruncated>true</IsTruncated>" + entry).next == "k&1");
  CHECK(page("<Marker/><IsTruncated>true</IsTruncated><NextMarker>m</NextMarker>" + entry).next == "m");
  CHECK(page("<Marker/><IsTruncated>false</IsTruncated>" + entry).is_version_1);
}

TEST_CASE("s3 answers: what does not say whether it is the end is no listing") {
  for (const char* inner :
       {"", "<IsTruncated/>", "<IsTruncated>perhaps</IsTruncated>",
        "<KeyCount>0</KeyCount><IsTruncated>true</IsTruncated>", "<Marker/><IsTruncated>true</IsTruncated>",
        "<IsTruncated>false</IsTruncated><Contents><Size>1</Size></Contents>",
        "<IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>-1</Size></Contents>",
        "<IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>99999999999999999999</Size></Contents>",
        "<IsTruncated>false</IsTruncated><EncodingType>url</EncodingType><Contents><Key>%4</Key><Size>1</Size></"
        "Contents>"}) {
    CAPTURE(inner);
    CHECK(code_of_page(kDeclaration + kOpen + inner + "</ListBucketResult>") == ErrorCode::damaged);
  }
  CHECK(code_of_page("") == ErrorCode::damaged);
  CHECK(code_of_page("not xml") == ErrorCode::damaged);
  CHECK(code_of_page("<Other><IsTruncated>false</IsTruncated></Other>") == ErrorCode::damaged);
  CHECK(code_of_page(kOpen + "<IsTruncated>false</IsTruncated>") == ErrorCode::damaged);
}

TEST_CASE("s3 answers: an error is found behind the space that kept a call alive") {
  const auto error = parse_error(
      to_bytes(" \n\r\t<?xml version=\"1.0\"?><Error><Code>Some&lt;Code</Code><Message>m</Message><Region>r</Region>"
               "<RequestId>q</RequestId></Error>"));
  REQUIRE(error.has_value());
  CHECK(error->code == "Some<Code");
  CHECK(error->message == "m");
  CHECK(error->region == "r");
  CHECK(error->request_id == "q");
  CHECK_FALSE(parse_error(to_bytes("<ListBucketResult/>")).has_value());
  CHECK_FALSE(parse_error({}).has_value());
  CHECK(parse_error(to_bytes("<ErrorResponse><Error><Code>X</Code></Error></ErrorResponse>"))->code == "X");
}

TEST_CASE("s3 answers: entities that a document defines for itself are not expanded") {
  const auto error =
      parse_error(to_bytes("<!DOCTYPE Error [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY f SYSTEM \"file:///etc/passwd\">]>"
                           "<Error><Code>&a;&f;</Code></Error>"));
  if (error) CHECK(error->code == "&a;&f;");
}

TEST_CASE("s3 answers: an upload is completed only when the answer says so") {
  const auto completes = [](const std::string& text) {
    return !code_of([&] { require_completed(to_bytes(text)); }).has_value();
  };
  CHECK(completes("  <CompleteMultipartUploadResult><ETag>\"x-1\"</ETag></CompleteMultipartUploadResult>"));
  CHECK(completes("<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>"));
  CHECK_FALSE(completes("<CompleteMultipartUploadResult/>"));
  CHECK_FALSE(completes("<Error><Code>InternalError</Code></Error>"));
  CHECK_FALSE(completes(""));
}

TEST_CASE("s3 answers: what DeleteObjects could not remove") {
  const auto failures =
      parse_removal(to_bytes("<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><Code>AccessDenied</"
                             "Code></Error></DeleteResult>"));
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].key == "b");
  CHECK(failures[0].error.code == "AccessDenied");
  CHECK(parse_removal(to_bytes("<DeleteResult/>")).empty());
  CHECK(code_of([] { (void)parse_removal({}); }) == ErrorCode::damaged);
}

TEST_CASE("s3 answers: lifecycle rules in the old form and the new one") {
  const auto rules = parse_lifecycle(to_bytes(
      "<LifecycleConfiguration>"
      "<Rule><ID>old</ID><Prefix>p/</Prefix><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>"
      "<Rule><ID>off</ID><Status>Disabled</Status><Expiration><Days>1</Days></Expiration></Rule>"
      "<Rule><ID>and</ID><Status>Enabled</Status><Filter><And><Prefix>q/</Prefix><Tag><Key>k</Key></Tag></And></Filter>"
      "<Transition><StorageClass>GLACIER</StorageClass></Transition></Rule>"
      "<Rule><ID>marker</ID><Status>Enabled</Status><Filter/><Expiration><ExpiredObjectDeleteMarker>true"
      "</ExpiredObjectDeleteMarker></Expiration></Rule></LifecycleConfiguration>"));
  REQUIRE(rules.size() == 3);
  CHECK(rules[0].prefix == "p/");
  CHECK(rules[0].expires);
  CHECK(rules[1].prefix == "q/");
  CHECK(rules[1].narrowed);
  CHECK(rules[1].archives);
  CHECK_FALSE(rules[2].expires);
}

}  // namespace dbsnap::testing
