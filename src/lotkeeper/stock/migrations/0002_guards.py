from django.db import migrations

from lotkeeper.core.postgres.scripts import RunScript


class Migration(migrations.Migration):
    dependencies = [("core", "0001_tenancy"), ("stock", "0001_initial"), ("catalog", "0001_initial")]
    operations = [
        RunScript("lotkeeper.stock", "sql/encoding.sql"),
        RunScript("lotkeeper.stock", "sql/guards.sql"),
        RunScript("lotkeeper.stock", "sql/functions"),
    ]
