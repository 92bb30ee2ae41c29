from django.db import migrations

from lotkeeper.core.postgres.scripts import RunScript


class Migration(migrations.Migration):
    initial = True
    dependencies = [("core", "0001_tenancy")]
    operations = [RunScript("lotkeeper.web", "sql/cache.sql")]
