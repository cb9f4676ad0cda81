// XML that an S3 store answers with: whatever it is, it is decoded or refused, and a listing never ends by accident.
#include "sinks/s3/answers.hpp"

#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {

bool s3_answers(ByteView input) {
  bool any = s3::parse_error(input).has_value();
  const auto decode = [&](const auto& decoder) { any = accepts([&] { decoder(input); }) || any; };
  decode([](ByteView body) {
    const s3::ListPage page = s3::parse_list_page(body);
    require(page.truncated != page.next.empty(), "a page says how to go on exactly when it is not the last");
    for (const s3::ListedObject& object : page.objects) require(!object.key.empty(), "a listed object has a key");
  });
  decode([](ByteView body) { require(!s3::parse_upload_id(body).empty(), "an upload has an id"); });
  decode(s3::require_completed);
  decode([](ByteView body) { (void)s3::parse_removal(body); });
  decode([](ByteView body) { (void)s3::parse_uploads(body); });
  decode([](ByteView body) { (void)s3::parse_lifecycle(body); });
  decode([](ByteView body) { (void)s3::parse_versioning(body); });
  decode([](ByteView body) { (void)s3::parse_object_lock(body); });
  decode([](ByteView body) {
    require(!s3::parse_role_credentials(body).secret_access_key.empty(), "credentials have a secret");
  });
  return any;
}

}  // namespace dbsnap::fuzz
