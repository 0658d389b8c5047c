"""Programs that tests run as users do, without their heavy imports being done anew for each."""
