from django.db import migrations

from lotkeeper.core.postgres.scripts import RunScript


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_setup_links"),
        ("core", "0001_tenancy"),
    ]
    operations = [RunScript("lotkeeper.accounts", "sql/token_actor.sql")]
